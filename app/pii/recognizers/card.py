"""Payment card numbers."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

_GROUPINGS = {
    13: ((13,),),
    14: ((14,), (4, 6, 4)),
    15: ((15,), (4, 6, 5), (4, 4, 4, 3)),
    16: ((16,), (4, 4, 4, 4), (8, 8)),
    19: ((19,), (4, 4, 4, 4, 3), (6, 13)),
}
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_luhn(digits: str) -> bool:
    """True when `digits` pass the check of ISO/IEC 7812-1, annex B (Luhn)."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def _issuer(digits: str) -> bool:
    """True when the prefix is one that a network of this length issues (ISO/IEC 7812-1 ranges, 2024)."""
    two, four, length = int(digits[:2]), int(digits[:4]), len(digits)
    if digits[0] == "4":
        return length in (13, 16, 19)
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39, 30):
        return length in (14, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if 3528 <= four <= 3589 or two in (60, 62, 64, 65, 81):
        return length in (16, 19)
    return two in (50, 56, 57, 58, 59, 61, 63, 66, 67, 68, 69) and length in (16, 19)


class CardRecognizer(Recognizer):
    """13 to 19 digits with an issuer's prefix that pass Luhn."""

    supported_entities = ("CREDIT_CARD",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """In the groups printed on cards with any one separator; any grouping next to a word for a card."""
        for length, groupings in _GROUPINGS.items():
            for number in document.numbers(length):
                digits = number.digits
                if not _issuer(digits) or not is_luhn(digits) or digits.count(digits[0]) == length:
                    continue
                label = document.label(number.start, number.end)
                if label is Label.CARD:
                    yield RecognizerResult("CREDIT_CARD", number.start, number.end, 1.0)
                elif (
                    number.groups in groupings
                    and len(number.separators) <= 1
                    and (label not in (Label.REFERENCE, Label.REGON) or len(number.groups) > 1)
                ):
                    yield RecognizerResult("CREDIT_CARD", number.start, number.end, 0.8)
