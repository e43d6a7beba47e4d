"""NIP, the Polish tax number."""

from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.number import is_continued
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
_GROUPINGS = ((3, 3, 2, 2), (3, 2, 2, 3))


def is_nip(digits: str) -> bool:
    """True when 10 `digits` have the right check digit.

    Source: Act on the registration of taxpayers of 13 October 1995 and the order made under it: weights
    6, 5, 7, 2, 3, 4, 5, 6, 7, sum modulo 11 equals the last digit; 10 is never issued. The first three
    digits are a tax office's number, of which none begins with 0.
    """
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return digits[0] != "0" and total % 11 == int(digits[9])


class NipRecognizer(Recognizer):
    """Ten digits that pass, named NIP or written as one. 9 % of random ten digits pass: the check is not enough."""

    supported_entities = ("PL_NIP",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Named, with the country prefix, or in the groups 3-3-2-2 or 3-2-2-3 with hyphens."""
        for number in document.numbers(10):
            if not is_nip(number.digits):
                continue
            label = document.label(number.start, number.end)
            start = number.start
            prefixed = document.text[max(0, start - 2) : start] == "PL" or (
                document.text[max(0, start - 3) : start] == "PL "
            )
            if prefixed:
                start -= 2 if document.text[start - 1] == "L" else 3
            if label is Label.NIP:
                yield RecognizerResult("PL_NIP", start, number.end, 1.0)
            elif label is not Label.PHONE and prefixed and not is_continued(number, document.text):
                yield RecognizerResult("PL_NIP", start, number.end, 0.9)
            elif (
                number.groups in _GROUPINGS
                and number.separators == "-"
                and label in (None, Label.REGON, Label.KRS)
            ):
                yield RecognizerResult("PL_NIP", start, number.end, 0.75)
