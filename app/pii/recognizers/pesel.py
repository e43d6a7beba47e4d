"""PESEL, the Polish personal number."""

from collections.abc import Iterator
from datetime import date

from app.pii.document import Document
from app.pii.label import Label
from app.pii.number import is_continued
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
# The century is added to the month: 80 for 18xx, 0, 20, 40, 60 for 19xx to 22xx.
_CENTURIES = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}


def is_pesel(digits: str) -> bool:
    """True when 11 `digits` hold a calendar date and a right check digit.

    Source: Act on the population register of 24 September 2010, art. 15-16, and the description at gov.pl:
    weights 1, 3, 7, 9 repeated, check digit last, sum divisible by 10.
    """
    if sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 10:
        return False
    month = int(digits[2:4])
    try:
        date(_CENTURIES[month // 20 * 20] + int(digits[:2]), month % 20, int(digits[4:6]))
    except ValueError:
        return False
    return True


class PeselRecognizer(Recognizer):
    """Eleven digits that pass. 1.8 % of random ones do, so a word that names another number overrules them."""

    supported_entities = ("PL_PESEL",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Plain, or in groups as forms print it; any grouping next to the word PESEL."""
        for number in document.numbers(11):
            if not is_pesel(number.digits):
                continue
            label = document.label(number.start, number.end)
            if label is Label.PESEL:
                yield RecognizerResult("PL_PESEL", number.start, number.end, 1.0)
            elif is_continued(number, document.text):
                continue
            elif number.groups in ((11,), (6, 5)) and label not in (Label.REFERENCE, Label.ACCOUNT):
                yield RecognizerResult("PL_PESEL", number.start, number.end, 0.85)
