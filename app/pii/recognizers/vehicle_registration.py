"""Registration plates of vehicles in Poland."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

# First letter: the voivodeship, or H for services. Source: Order of the Minister of Infrastructure on the
# registration of vehicles, annex 1: two or three letters, then four or five signs without B, D, I, O, Z.
_PLATE = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:[BCDEFGHKLNOPRSTWZ][A-Z]{1,2}[ \-]?(?=[A-Z]{0,3}[0-9])[0-9ACEFGHJKLMNPRSTUVWXY]{4,5}"
    r"|[BCDEFGHKLNOPRSTWZ][0-9] ?[A-Z0-9]{3,5})(?![A-Za-z0-9_\-])"
)


class VehicleRegistrationRecognizer(Recognizer):
    """Letters of a voivodeship and four or five signs, next to a word for registration."""

    supported_entities = ("PL_VEHICLE_REGISTRATION",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Only in capitals and only next to the word: product codes have the same shape."""
        for match in _PLATE.finditer(document.text):
            if document.label(*match.span()) is Label.PLATE:
                yield RecognizerResult("PL_VEHICLE_REGISTRATION", match.start(), match.end(), 0.85)
