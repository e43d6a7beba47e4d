"""The number of a Polish identity card."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WEIGHTS = (7, 3, 1, 9, 7, 3, 1, 7, 3)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_\-])[A-Z]{3}[ \-]?[0-9]{6}(?![A-Za-z0-9_]|[.,\-][0-9])")
_ANY_CASE = re.compile(r"(?<![a-z0-9_])[a-z]{3}[ \-]?[0-9]{3} ?[0-9]{3}(?![a-z0-9_])")


def is_identity_card(number: str) -> bool:
    """True when three letters (A = 10) and six digits have a right weighted sum.

    Weights 7, 3, 1, 9, 7, 3, 1, 7, 3; the sum is a multiple of 10.

    Source: the series' printed specimen ABA300000 and the description in Polish Wikipedia, "Dowod osobisty
    w Polsce": the first digit is the check digit (ICAO 9303 weights 7, 3, 1, with 9 for the check digit).
    """
    return sum(int(sign, 36) * weight for sign, weight in zip(number, _WEIGHTS, strict=True)) % 10 == 0


class IdentityCardRecognizer(Recognizer):
    """Three letters and six digits that pass; in capitals, or called an identity card."""

    supported_entities = ("PL_ID_CARD",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """One in ten product codes of this shape passes, so words that name another number overrule it."""
        seen = set()
        for match in _NUMBER.finditer(document.text):
            label = document.label(match.start(), match.end())
            if label in (Label.REFERENCE, Label.PLATE, Label.VERSION) or not _passes(match.group()):
                continue
            seen.add(match.start())
            score = 1.0 if label is Label.IDENTITY_CARD else 0.7
            yield RecognizerResult("PL_ID_CARD", match.start(), match.end(), score)
        for match in _ANY_CASE.finditer(document.folded):
            if (
                match.start() not in seen
                and document.label(match.start(), match.end()) is Label.IDENTITY_CARD
                and _passes(match.group())
            ):
                yield RecognizerResult("PL_ID_CARD", match.start(), match.end(), 0.95)


def _passes(written: str) -> bool:
    return is_identity_card(written.replace(" ", "").replace("-", ""))
