"""KRS, the number in the Polish court register."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult


class KrsRecognizer(Recognizer):
    """Ten digits, the first of them 0, called KRS. The number has no check digit."""

    supported_entities = ("PL_KRS",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Only next to the word."""
        for number in document.numbers(10):
            if number.digits[0] == "0" and document.label(number.start, number.end) is Label.KRS:
                yield RecognizerResult("PL_KRS", number.start, number.end, 0.95)
