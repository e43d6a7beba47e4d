"""What recognizers share about one text: its folded form, its numbers, the words that name a number."""

import re
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from app.pii.shadow import fold

# A number is digits in groups. One or two separators may stand between groups; the longest number that
# any recognizer wants has 26 digits (NRB), the most groups a number is written in is 9.
_RUN = re.compile(r"[0-9](?:[0-9]|[ .\-/()\t]{1,2}(?=[0-9]))*")
_GROUP = re.compile(r"[0-9]+")
MAX_DIGITS = 26
MAX_GROUPS = 9
MIN_DIGITS = 7

LABEL_WINDOW = 48


class Number(NamedTuple):
    """Consecutive groups of digits. Offsets are those of the text that was scanned, half-open."""

    start: int
    end: int
    digits: str
    groups: tuple[int, ...]
    separators: str


class Label(Enum):
    """What the words next to a number say it is."""

    PESEL = "pesel"
    NIP = "nip"
    REGON = "regon"
    KRS = "krs"
    IDENTITY_CARD = "identity card"
    PASSPORT = "passport"
    ACCOUNT = "account"
    CARD = "card"
    PHONE = "phone"
    SSN = "ssn"
    NHS = "nhs"
    PLATE = "plate"
    VERSION = "version"
    REFERENCE = "reference"


# On folded text. `REFERENCE` names numbers that are nobody's: orders, invoices, parcels, serials.
_LABELS: dict[Label, str] = {
    Label.PESEL: r"pesel\w*",
    Label.NIP: r"nip(?:em|u|ie|y|ow)?|vat(?: id| no| number)?|tax id\w*|numer(?:u|em)? identyfikacji podatkowej",
    Label.REGON: r"regon\w*",
    Label.KRS: r"krs(?:em|u|ie)?|krajow\w+ rejestr\w* sadow\w*",
    Label.IDENTITY_CARD: r"dowod\w* osobist\w*|dowod|dowodu|dowodem|dowodzie|dowody|seri[aieo]\w* i numer\w*|"
    r"id card\w*|identity card\w*|national id\w*",
    Label.PASSPORT: r"paszport\w*|passport\w*",
    Label.ACCOUNT: r"kont[oaeu]|kontem|rachun\w+|iban\w*|nrb|account|acct|bank\w*|przelew\w*|przelej\w*|wire",
    Label.CARD: r"kart[aeyao]|karte|kartami|card|visa|mastercard|maestro|amex|american express|cvv|cvc|"
    r"credit|debit|platnicz\w+|kredytow\w+",
    Label.PHONE: r"tel|telefon\w*|kom|komork\w*|phone\w*|mobile|cell|call|calls|dial|zadzwon\w*|dzwon\w*|"
    r"oddzwon\w*|kontaktow\w+|fax|faks\w*|sms\w*|whatsapp|infolini\w*|text me|reach|signal|hotline|ring",
    Label.SSN: r"ssn|ssns|social security(?: number| no)?|social",
    Label.NHS: r"nhs\w*",
    Label.PLATE: r"rejestr?acyj\w*|rejestracj\w*|tablic\w*|blach\w*|license plate\w*|licence plate\w*|"
    r"number plate\w*|plates?|registration(?: plate| number)?|vehicle reg\w*",
    Label.VERSION: r"v|ver|version\w*|wersj\w*|release|build|firmware|patch|aktualizacj\w*|oid|section|rozdzial\w*",
    Label.REFERENCE: r"zamowieni\w*|order\w*|faktur\w*|invoice\w*|paczk\w*|przesylk\w*|tracking|parcel|"
    r"zgloszeni\w*|ticket\w*|serial\w*|seryjn\w+|isbn\w*|issn|ean|sku|katalogow\w+|artykul\w*|produkt\w*|"
    r"product\w*|part|sygnatur\w*|referenc\w*|reference|transakcj\w*|transaction\w*|session|sesj\w*|"
    r"polis\w*|umow\w+|contract\w*|barcode|kod\w* kreskow\w+|imei|timestamp|commit|hash|doi|model\w*|"
    r"partii|parti[aei]|batch|bilet\w*|booking|rezerwacj\w*|reservation|case|spraw\w+",
}
_LABEL = re.compile(
    r"(?<![a-z0-9_])(?:"
    + "|".join(f"(?P<{label.name}>{words})" for label, words in _LABELS.items())
    + r")(?![a-z_])"
)
_GLUED = re.compile(r"(pesel|nip|regon|krs|tel|nrb|iban)[:.]?$")


class Document:
    """One text as every recognizer sees it. Not thread-safe; made for one pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._labels: dict[int, Label | None] = {}

    @cached_property
    def folded(self) -> str:
        """The text in lower case without diacritics; same offsets."""
        return fold(self.text)

    @cached_property
    def _numbers(self) -> dict[int, list[Number]]:
        found: dict[int, list[Number]] = {}
        for run in _RUN.finditer(self.text):
            start, end = run.span()
            if end - start >= MIN_DIGITS and not self._inside_word(start, end):
                self._collect(found, start, end)
        return found

    def _inside_word(self, start: int, end: int) -> bool:
        """True when a letter or underscore touches the number, unless the letters are its own label."""
        text = self.text
        if end < len(text) and (text[end].isalpha() or text[end] == "_"):
            return _GROUP.fullmatch(text, start, end) is not None
        if start and (text[start - 1].isalpha() or text[start - 1] == "_"):
            single = _GROUP.fullmatch(text, start, end) is not None
            return (
                single
                and _GLUED.search(self.folded, max(0, start - 8), start) is None
                and text[start - 2 : start] != "PL"
            )
        return False

    def _collect(self, found: dict[int, list[Number]], start: int, end: int) -> None:
        text = self.text
        groups = [match.span() for match in _GROUP.finditer(text, start, end)]
        for first, (begin, _) in enumerate(groups):
            total = 0
            lengths: list[int] = []
            for last in range(first, min(first + MAX_GROUPS, len(groups))):
                left, right = groups[last]
                total += right - left
                if total > MAX_DIGITS:
                    break
                lengths.append(right - left)
                if total < MIN_DIGITS:
                    continue
                pairs = zip(groups[first:last], groups[first + 1 : last + 1], strict=True)
                separators = "".join(sorted({text[a[1] : b[0]].strip("\t") or " " for a, b in pairs}))
                digits = "".join(text[a:b] for a, b in groups[first : last + 1])
                found.setdefault(total, []).append(Number(begin, right, digits, tuple(lengths), separators))

    def numbers(self, digits: int) -> list[Number]:
        """Numbers of exactly so many digits, in whole groups, by position; they may overlap."""
        return self._numbers.get(digits, [])

    def label(self, start: int, end: int) -> Label | None:
        """What the nearest words before the span (else just after it) call it; None when they say nothing."""
        known = self._labels.get(start, self)
        if not isinstance(known, Document):
            return known
        label: Label | None = None
        for match in _LABEL.finditer(self.folded, max(0, start - LABEL_WINDOW), start):
            label = Label[str(match.lastgroup)]
        if label is None and start:
            glued = _GLUED.search(self.folded, max(0, start - 8), start)
            if glued is not None:
                label = {"tel": Label.PHONE, "nrb": Label.ACCOUNT, "iban": Label.ACCOUNT}.get(
                    glued.group(1)
                ) or Label(glued.group(1))
        if label is None:
            after = _LABEL.search(self.folded, end, end + 20)
            label = Label[str(after.lastgroup)] if after else None
        self._labels[start] = label
        return label
