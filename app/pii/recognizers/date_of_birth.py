"""Dates of birth."""

import re
from collections.abc import Iterator
from datetime import date

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "stycznia styczen january jan", "lutego luty february feb", "marca marzec march mar",
            "kwietnia kwiecien april apr", "maja maj may", "czerwca czerwiec june jun", "lipca lipiec july jul",
            "sierpnia sierpien august aug", "wrzesnia wrzesien september sept sep",
            "pazdziernika pazdziernik october oct", "listopada listopad november nov", "grudnia grudzien december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_BORN = re.compile(
    r"(?<![a-z])(?:ur\.|urodz\w*|date of birth|birth ?date|birthday|d\.?o\.?b\.?|born|data ur\.?)(?![a-z])"
    r"[^0-9\n]{0,40}?"
)
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    r"(?P<y>[12][0-9]{3})[.\-/](?P<m>[01]?[0-9])[.\-/](?P<d>[0-3]?[0-9])(?![0-9])"
    r"|(?P<d2>[0-3]?[0-9])(?P<sep>[.\-/] ?)(?P<m2>[0-3]?[0-9])(?P=sep)(?P<y2>[12][0-9]{3}|[0-9]{2})(?![0-9])"
    rf"|(?P<d3>[0-3]?[0-9])(?:st|nd|rd|th)?(?: of)?[ .\-](?P<m3>{_NAME})[a-z]?\.?,?[ \-](?P<y3>[12][0-9]{{3}})(?![0-9])"
    rf"|(?P<m4>{_NAME})\.? (?P<d4>[0-3]?[0-9])(?:st|nd|rd|th)?,? (?P<y4>[12][0-9]{{3}})(?![0-9])"
)
_SEARCH_CHARS = 60


class DateOfBirthRecognizer(Recognizer):
    """A calendar date shortly after a word for birth."""

    supported_entities = ("DATE_OF_BIRTH",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Numeric dates in either order, and months by name in Polish and English."""
        folded = document.folded
        for born in _BORN.finditer(folded):
            match = _DATE.search(folded, born.end(), born.end() + _SEARCH_CHARS)
            if match is not None and _is_date(match) and "\n\n" not in folded[born.end() : match.start()]:
                yield RecognizerResult("DATE_OF_BIRTH", match.start(), match.end(), 0.9)


def _is_date(match: re.Match[str]) -> bool:
    named = {key.rstrip("234"): value for key, value in match.groupdict().items() if value and key != "sep"}
    year = int(named["y"]) + (1900 if len(named["y"]) == 2 else 0)
    month = _MONTHS[named["m"]] if named["m"] in _MONTHS else int(named["m"])
    day = int(named["d"])
    if month > 12:
        month, day = day, month
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1880 <= year <= 2100
