"""Phone numbers: Polish, international, American and British."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.number import Number, is_amount
from app.pii.recognizers.base import Recognizer, RecognizerResult

# Digits after "+", country code included. Source: ITU-T E.164 national numbering plans.
_LENGTHS = {
    "1": (11,), "7": (11,), "30": (12,), "31": (11,), "32": (10, 11), "33": (11,), "34": (11,), "36": (10, 11),
    "39": (10, 11, 12, 13), "40": (11,), "41": (11,), "43": (10, 11, 12, 13), "44": (11, 12), "45": (10,),
    "46": (9, 10, 11), "47": (10,), "48": (11,), "49": (10, 11, 12, 13), "61": (11,), "86": (12, 13), "91": (12,),
    "353": (11, 12), "370": (11,), "371": (11,), "372": (10, 11), "375": (12,), "380": (12,), "420": (12,),
    "421": (12,),
}  # fmt: skip
_MIN_INTERNATIONAL, _MAX_INTERNATIONAL = 8, 15

# Source: UKE, National Numbering Plan for public networks: mobile prefixes and numbering zones.
_MOBILE = re.compile(r"45|5[0137]|6[069]|7[2389]|88")
_ZONE = re.compile(r"1[2-8]|2[2-59]|3[2-4]|4[1-468]|5[245689]|6[1-3578]|7[14-7]|8[1-79]|9[145]")
_LANDLINE_GROUPS = ((2, 3, 2, 2), (2, 7), (2, 3, 4), (2, 4, 3))
_BRITISH_GROUPS = ((3, 4, 4), (5, 6), (5, 3, 3), (4, 3, 4), (4, 7))
_DATE_GROUPS = ((4, 2, 2), (2, 2, 4))
_OTHER_NUMBERS = frozenset(
    (Label.REFERENCE, Label.REGON, Label.NIP, Label.KRS, Label.SSN, Label.NHS, Label.VERSION)
)


class PhoneRecognizer(Recognizer):
    """Numbers written as a numbering plan writes them; bare digits only when called a phone."""

    supported_entities = ("PHONE_NUMBER",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """The plus sign, the two zeros or the opening bracket before the digits belong to the number."""
        for length in range(7, _MAX_INTERNATIONAL + 3):
            for number in document.numbers(length):
                score = _score(document, number)
                if score:
                    start = number.start
                    while start and number.start - start < 2 and document.text[start - 1] in "+(":
                        start -= 1
                    yield RecognizerResult("PHONE_NUMBER", start, number.end, score)


def _score(document: Document, number: Number) -> float:
    before = document.text[max(0, number.start - 2) : number.start]
    called = len(before) == 2 and before[1] == "(" and before[0].isalnum()  # the argument of a function
    if called or before == "++" or is_amount(number, document.text, document.folded):
        return 0.0
    if "+" in (before[-1:], before.strip(" (")):
        return 0.95 if _international(number.digits) else 0.0
    inside = before[:1].isdigit() and before[1:] in (" ", "-", ".")
    if number.digits.startswith("00") and number.groups[0] != 2 and not inside:
        return 0.9 if _international(number.digits[2:]) else 0.0
    label = document.label(number.start, number.end)
    if label is Label.PHONE:
        return _labelled(document, number)
    if label in _OTHER_NUMBERS:
        return 0.0
    bracket = document.text[number.start - 1 : number.start] == "("
    written = _WRITTEN.get(len(number.digits))
    return 0.6 if written is not None and written(number, bracket) else 0.0


def _international(digits: str) -> bool:
    for size in (3, 2, 1):
        lengths = _LENGTHS.get(digits[:size])
        if lengths is not None:
            return len(digits) in lengths
    return digits[:1] != "0" and _MIN_INTERNATIONAL <= len(digits) <= _MAX_INTERNATIONAL


def _labelled(document: Document, number: Number) -> float:
    total = len(number.digits)
    if number.groups[:3] in _DATE_GROUPS or "/" in number.separators or total > 13:
        return 0.0
    if total >= 9:
        return 0.8
    return 0.7 if document.labels.touch(number.start) else 0.0


def _is_polish(number: Number, bracket: bool) -> bool:
    digits, groups, separators = number.digits, number.groups, number.separators
    if groups == (3, 3, 3) and separators in (" ", "-"):
        return (_MOBILE.match(digits) or _ZONE.match(digits)) is not None
    if groups in _LANDLINE_GROUPS and _ZONE.match(digits):
        return bracket or (separators in (" ", "-", " -") and len(groups) > 2)
    return False


def _is_american(number: Number, bracket: bool) -> bool:  # noqa: ARG001 - one signature for all plans
    exchanges = number.digits[0] in "23456789" and number.digits[3] in "23456789"
    return number.groups == (3, 3, 4) and exchanges and number.separators not in (" ", "", "/")


def _is_with_trunk(number: Number, bracket: bool) -> bool:  # noqa: ARG001
    digits, groups = number.digits, number.groups
    if groups == (2, 3, 3, 3):
        return digits.startswith("48")
    if groups == (1, 3, 3, 4):
        return digits[0] == "1" and digits[1] in "23456789"
    british = groups in _BRITISH_GROUPS and number.separators in (" ", "-", ") ")
    return digits[0] == "0" and digits[1] in "127" and british


# By how many digits there are, for numbers without a country code and without a word before them.
_WRITTEN = {9: _is_polish, 10: _is_american, 11: _is_with_trunk}
