"""The number of a Polish passport."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WEIGHTS = (7, 3, 9, 1, 7, 3, 1, 7, 3)
_NUMBER = re.compile(r"(?<![a-z0-9_\-])[a-z]{2}[ \-]?[0-9]{3} ?[0-9]{4}(?![a-z0-9_]|[.,\-][0-9])")


def is_passport(number: str) -> bool:
    """True when two letters (A = 10) and seven digits have a right weighted sum.

    Weights 7, 3, 9, 1, 7, 3, 1, 7, 3; the sum is a multiple of 10.

    Source: the printed specimen ZS0000177 and the description of the series in Polish Wikipedia, "Paszport
    polski": the first digit is the check digit (ICAO 9303 weights 7, 3, 1, with 9 for the check digit).
    """
    return sum(int(sign, 36) * weight for sign, weight in zip(number, _WEIGHTS, strict=True)) % 10 == 0


class PassportRecognizer(Recognizer):
    """Two letters and seven digits that pass; in capitals without spaces, or called a passport."""

    supported_entities = ("PL_PASSPORT",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """A foreign passport of this shape that fails the check is left alone."""
        for match in _NUMBER.finditer(document.folded):
            start, end = match.span()
            if not is_passport(match.group().replace(" ", "").replace("-", "")):
                continue
            label = document.label(start, end)
            if label is Label.PASSPORT:
                yield RecognizerResult("PL_PASSPORT", start, end, 1.0)
            elif (
                document.text[start : start + 2].isupper()
                and end - start <= 10
                and label in (None, Label.IDENTITY_CARD)
            ):
                yield RecognizerResult("PL_PASSPORT", start, end, 0.65)
