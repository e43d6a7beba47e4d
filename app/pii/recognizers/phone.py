"""Telephone numbers: Polish ones, and international ones with a plus or 00."""

import re
from collections.abc import Iterator

from app.pii.document import Document, Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

# E.164: at most 15 digits after the plus. Groups of two to five digits, as people write them.
_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00)[1-9][0-9]{0,2}(?:[ .\-/]?\(?[0-9]{2,5}\)?){2,5}(?![\w])")
_NORTH_AMERICAN = re.compile(r"(?<![\w(])\(?[2-9][0-9]{2}\)?[ .\-][2-9][0-9]{2}[.\-][0-9]{4}(?!\w)")
# Area codes and mobile ranges of the Polish numbering plan (UKE, Plan Numeracji Krajowej).
_POLISH_PREFIXES = frozenset(
    map(str, [
        12, 13, 14, 15, 16, 17, 18, 22, 23, 24, 25, 29, 32, 33, 34, 41, 42, 43, 44, 46, 48, 52, 54, 55, 56, 58, 59, 61,
        62, 63, 65, 67, 68, 71, 74, 75, 76, 77, 81, 82, 83, 84, 85, 86, 87, 89, 91, 94, 95, 45, 50, 51, 53, 57, 60, 66,
        69, 72, 73, 78, 79, 88,
    ])
)  # fmt: skip
_POLISH_GROUPS = ((3, 3, 3), (2, 3, 2, 2), (3, 2, 2, 2), (2, 7), (1, 2, 3, 3))
_OTHER_NAMES = (
    Label.REGON, Label.NIP, Label.REFERENCE, Label.ACCOUNT, Label.IDENTITY_CARD, Label.PASSPORT, Label.SSN, Label.KRS,
)  # fmt: skip


class PhoneRecognizer(Recognizer):
    """Nine Polish digits in the usual groups, or next to a word for a telephone; +CC anywhere."""

    supported_entities = ("PHONE_NUMBER",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """International, North American, Polish."""
        for match in _INTERNATIONAL.finditer(document.text):
            digits = sum(map(str.isdigit, match.group()))
            if 9 <= digits <= 17:
                yield RecognizerResult("PHONE_NUMBER", match.start(), match.end(), 0.97)
        for match in _NORTH_AMERICAN.finditer(document.text):
            if document.label(match.start(), match.end()) not in _OTHER_NAMES:
                yield RecognizerResult("PHONE_NUMBER", match.start(), match.end(), 0.7)
        for number in document.numbers(9):
            if number.digits[:2] not in _POLISH_PREFIXES:
                continue
            label = document.label(number.start, number.end)
            start = number.start - (document.text[number.start - 1 : number.start] == "(")
            if label is Label.PHONE:
                yield RecognizerResult("PHONE_NUMBER", start, number.end, 0.95)
            elif (
                number.groups in _POLISH_GROUPS
                and label not in _OTHER_NAMES
                and number.separators in (" ", "-", "")
            ):
                yield RecognizerResult("PHONE_NUMBER", start, number.end, 0.6)
