"""NHS numbers of England, Wales and the Isle of Man."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult


def is_nhs(digits: str) -> bool:
    """True when 10 `digits` have the right check digit.

    Source: NHS Data Dictionary, "NHS number": weights 10 down to 2, 11 minus the sum modulo 11 is the last
    digit, 11 counts as 0, 10 is never issued.
    """
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == int(digits[9]) and digits.count(digits[0]) < 10


class UkNhsRecognizer(Recognizer):
    """Ten digits that pass and are called an NHS number: 9 % of random ones pass."""

    supported_entities = ("UK_NHS",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Only next to the word."""
        for number in document.numbers(10):
            if document.label(number.start, number.end) is Label.NHS and is_nhs(number.digits):
                yield RecognizerResult("UK_NHS", number.start, number.end, 1.0)
