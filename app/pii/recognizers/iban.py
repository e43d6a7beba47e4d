"""Bank accounts: IBAN, and the Polish NRB without its country."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

# Lengths of the national formats. Source: SWIFT IBAN Registry, release 98.
_LENGTHS = {
    country: length
    for length, countries in {
        15: "no", 16: "be", 18: "dk fo fi gl nl", 19: "mk si", 20: "at ba ee kz lt lu xk", 21: "ch hr li lv",
        22: "bg bh cr de ge gb ie me rs va", 23: "ae gi il iq tl", 24: "ad cz es md pk ro sa se sk tn vg",
        25: "ly pt st", 26: "is tr", 27: "bi dj fr gr it mc mr sm", 28: "al az by cy do gt hu lb ni pl sv",
        29: "br eg ps qa ua", 30: "jo kw mu", 31: "mt sc", 32: "lc", 33: "ru",
    }.items()
    for country in countries.split()
}  # fmt: skip
_LONGEST = 34
_START = re.compile(r"(?<![a-z0-9])[a-z]{2}[ \-]?[0-9]{2}(?=[ \-]?[a-z0-9])")
_NRB = ((26,), (2, 4, 4, 4, 4, 4, 4), (2, 8, 16), (2, 24))


def is_iban(written: str) -> bool:
    """True when the letters and digits `written` (lower case, without spaces) pass ISO 13616-1 / ISO 7064 mod 97-10."""
    if len(written) != _LENGTHS.get(written[:2]):
        return False
    return int("".join(str(int(sign, 36)) for sign in written[4:] + written[:4])) % 97 == 1


class IbanRecognizer(Recognizer):
    """Accounts of every country in the registry, in capitals or not, in groups or not."""

    supported_entities = ("IBAN_CODE",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """IBANs first; then 26 digits that are a Polish account without PL."""
        folded = document.folded
        for match in _START.finditer(folded):
            length = _LENGTHS.get(match.group()[:2])
            if length is None:
                continue
            end = _take(folded, match.start(), length)
            if end and is_iban(re.sub(r"[ \-]", "", folded[match.start() : end])):
                yield RecognizerResult("IBAN_CODE", match.start(), end, 1.0)
        for number in document.numbers(26):
            if is_iban("pl" + number.digits):
                named = document.label(number.start, number.end) is Label.ACCOUNT
                if named or number.groups in _NRB:
                    yield RecognizerResult("IBAN_CODE", number.start, number.end, 1.0 if named else 0.9)


def _take(folded: str, start: int, length: int) -> int | None:
    """The end of `length` letters and digits from `start`, single spaces and hyphens between; None if cut short."""
    taken = 0
    position = start
    while position < len(folded) and taken < length:
        sign = folded[position]
        if sign.isascii() and sign.isalnum():
            taken += 1
        elif sign not in " -" or folded[position - 1] in " -":
            return None
        position += 1
    inside = position < len(folded) and folded[position].isascii() and folded[position].isalnum()
    return position if taken == length and not inside else None
