"""United States social security numbers."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult


def is_ssn(digits: str) -> bool:
    """True when 9 `digits` may have been issued.

    Source: Social Security Administration, "SSN randomization": no area 000, 666 or 900-999, no group 00,
    no serial 0000. The number has no check digit.
    """
    return (
        digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
    )


class UsSsnRecognizer(Recognizer):
    """Three, two and four digits."""

    supported_entities = ("US_SSN",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """With hyphens unless something else is named; with spaces, dots or nothing only when named."""
        for number in document.numbers(9):
            if not is_ssn(number.digits):
                continue
            label = document.label(number.start, number.end)
            hyphens = number.groups == (3, 2, 4) and number.separators == "-"
            if label is Label.SSN and number.groups in ((9,), (3, 2, 4)):
                yield RecognizerResult("US_SSN", number.start, number.end, 1.0)
            elif hyphens and label not in (Label.REFERENCE, Label.PHONE, Label.VERSION):
                yield RecognizerResult("US_SSN", number.start, number.end, 0.8)
