"""The words that name a number: what it is, or that it is nobody's."""

import re
from bisect import bisect_left
from enum import Enum


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
    NUMBER = "number"
    SSN = "ssn"
    NHS = "nhs"
    PLATE = "plate"
    VERSION = "version"
    REFERENCE = "reference"


WINDOW = 48
WINDOW_AFTER = 24

# On folded text. `REFERENCE` names numbers that are nobody's: orders, invoices, parcels, serials.
_WORDS = {
    Label.PESEL: r"pesel\w*",
    Label.NIP: r"nip(?:em|u|ie|y|ow)?|vat(?: id| no| number)?|tax id\w*|numer(?:u|em)? identyfikacji podatkowej",
    Label.REGON: r"regon\w*",
    Label.KRS: r"krs(?:em|u|ie)?|krajow\w+ rejestr\w* sadow\w*",
    Label.IDENTITY_CARD: (
        r"dowod\w* osobist\w*|dowod|dowodu|dowodem|dowodzie|dowody|seri[aieo]\w* i numer\w*|"
        r"id card\w*|identity card\w*|national id\w*"
    ),
    Label.PASSPORT: r"paszport\w*|passport\w*",
    Label.ACCOUNT: (
        r"kont[oaeu]|kontem|rachun\w+|iban\w*|nrb|account|acct|bank\w*|przelew\w*|przelej\w*|wire"
    ),
    Label.CARD: (
        r"kart[aeyao]|karte|kartami|card|visa|mastercard|maestro|amex|american express|cvv|cvc|"
        r"credit|debit|platnicz\w+|kredytow\w+"
    ),
    Label.PHONE: (
        r"tel|telefon\w*|kom|komork\w*|phone\w*|mobile|cell|call|calls|dial|zadzwon\w*|dzwon\w*|"
        r"oddzwon\w*|kontaktow\w+|fax|faks\w*|sms\w*|"
        r"whatsapp|infolini\w*|text me|reach|signal|hotline|ring"
    ),
    # Said of phones most of all, but of anything else too when that is named before.
    Label.NUMBER: r"moj numer|pod numer\w*|na numer|my number|your number",
    Label.SSN: r"ssn|ssns|social security(?: number| no)?|social",
    Label.NHS: r"nhs\w*",
    Label.PLATE: (
        r"rejestr?acyj\w*|rejestracj\w*|tablic\w*|blach\w*|license plate\w*|licence plate\w*|"
        r"number plate\w*|plates?|registration(?: plate| number)?|vehicle reg\w*"
    ),
    Label.VERSION: (
        r"v|ver|version\w*|wersj\w*|release|build|firmware|patch|aktualizacj\w*|oid|section|rozdzial\w*"
    ),
    Label.REFERENCE: (
        r"zamowieni\w*|order\w*|faktur\w*|invoice\w*|paczk\w*|przesylk\w*|tracking|parcel|"
        r"zgloszeni\w*|ticket\w*|serial\w*|seryjn\w+|isbn\w*|issn|ean|sku|katalogow\w+|artykul\w*|produkt\w*|"
        r"product\w*|part|sygnatur\w*|referenc\w*|reference|transakcj\w*|transaction\w*|session|sesj\w*|"
        r"polis\w*|umow\w+|contract\w*|barcode|kod\w* kreskow\w+|imei|timestamp|commit|hash|doi|model\w*|"
        r"partii|parti[aei]|batch|bilet\w*|booking|rezerwacj\w*|reservation|case|spraw\w+"
    ),
}
_ANY = re.compile(
    r"(?<![a-z0-9_+@\[])(?:"
    + "|".join(f"(?P<{label.name}>{words})" for label, words in _WORDS.items())
    + r")(?![a-z_])"
)
_GLUED = re.compile(r"(pesel|nip|regon|krs|tel|nrb|iban)[:.]?$")
_GLUED_LABELS = {
    "pesel": Label.PESEL, "nip": Label.NIP, "regon": Label.REGON, "krs": Label.KRS, "tel": Label.PHONE,
    "nrb": Label.ACCOUNT, "iban": Label.ACCOUNT,
}  # fmt: skip
_BETWEEN = " :.(+\t"


# What says that a number is nobody's says so within its sentence; what names one may stand a line above it.
_NOBODYS = (Label.VERSION, Label.REFERENCE)
_NUMBER_AND_LINE = re.compile(r"[0-9][^\n]*\n")
_ENDED = re.compile(r"\n|[.!?] +(?=[^0-9 ])")


class Labels:
    """The labels of one text, found once, by position."""

    def __init__(self, folded: str) -> None:
        self._folded = folded
        self._found = [
            (match.start(), match.end(), Label[str(match.lastgroup)]) for match in _ANY.finditer(folded)
        ]
        self._starts = [start for start, _, _ in self._found]

    def around(self, start: int, end: int) -> Label | None:
        """What the nearest words before the span, else just after it, call it; None when they say nothing."""
        label = self._before(start) or glued_label(self._folded, start) or self._after(end)
        return Label.PHONE if label is Label.NUMBER else label

    def _before(self, start: int) -> Label | None:
        general: Label | None = None
        place = bisect_left(self._starts, start) - 1
        while place >= 0 and self._starts[place] >= start - WINDOW:
            _, end, label = self._found[place]
            if end <= start and not self._is_spent(label, end, start):
                if label is not Label.NUMBER:
                    return label
                general = label
            place -= 1
        return general

    def _is_spent(self, label: Label, end: int, start: int) -> bool:
        """True when the label speaks of an earlier number, or of an earlier sentence."""
        if label in _NOBODYS:
            return _ENDED.search(self._folded, end, start) is not None
        return _NUMBER_AND_LINE.search(self._folded, end, start) is not None

    def _after(self, end: int) -> Label | None:
        place = bisect_left(self._starts, end)
        if place == len(self._found) or self._found[place][1] > end + WINDOW_AFTER:
            return None
        return None if "\n" in self._folded[end : self._found[place][0]] else self._found[place][2]

    def touch(self, start: int) -> bool:
        """True when the words that name the number stand right before it."""
        window = self._folded[max(0, start - WINDOW_AFTER) : start]
        place = bisect_left(self._starts, start) - 1
        while place >= 0 and self._found[place][1] > start:
            place -= 1
        return place >= 0 and self._found[place][1] >= start - 3 - (
            len(window) - len(window.rstrip(_BETWEEN))
        )


def glued_label(folded: str, start: int) -> Label | None:
    """What a word that touches the number without a space calls it."""
    glued = _GLUED.search(folded, max(0, start - 8), start)
    return _GLUED_LABELS[glued.group(1)] if glued else None
