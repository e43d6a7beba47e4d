"""REGON, the Polish register number of businesses."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WEIGHTS_9 = (8, 9, 2, 3, 4, 5, 6, 7)
_WEIGHTS_14 = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)


def is_regon(digits: str) -> bool:
    """True when 9 or 14 `digits` have the right check digit.

    Source: Order of the Council of Ministers of 30 November 2015 on the REGON register, annex: sum modulo 11
    is the last digit, a remainder of 10 counts as 0; the first nine digits of a long number are a short one.
    """
    weights = _WEIGHTS_9 if len(digits) == 9 else _WEIGHTS_14
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    if total % 11 % 10 != int(digits[-1]) or not digits.strip("0"):
        return False
    return len(digits) == 9 or is_regon(digits[:9])


class RegonRecognizer(Recognizer):
    """Nine or fourteen digits that pass and are called REGON: 10 % of mobile numbers pass as well."""

    supported_entities = ("PL_REGON",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Only next to the word."""
        for length in (9, 14):
            for number in document.numbers(length):
                if document.label(number.start, number.end) is Label.REGON and is_regon(number.digits):
                    yield RecognizerResult("PL_REGON", number.start, number.end, 1.0)
