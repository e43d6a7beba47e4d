"""From overlapping candidates to entities without overlap, and masks that cover every candidate. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from app.pii.recognizers.base import RecognizerResult
from app.schemas.pii import Entity
from app.text import Span, union

# Between candidates of equal score the more specific type wins; the order is fixed so that results are stable.
PRECEDENCE = (
    "PRIVATE_KEY", "URL_CREDENTIALS", "API_KEY", "IBAN_CODE", "CREDIT_CARD", "CRYPTO", "PL_PESEL", "EMAIL_ADDRESS",
    "PL_NIP", "PL_REGON", "PL_KRS", "US_SSN", "UK_NHS", "PL_ID_CARD", "PL_PASSPORT", "DATE_OF_BIRTH", "IP_ADDRESS",
    "PHONE_NUMBER", "PL_VEHICLE_REGISTRATION", "LOCATION", "PASSWORD", "PERSON",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(PRECEDENCE)}


def resolve(candidates: Iterable[RecognizerResult]) -> list[Entity]:
    """The winners: highest score, then longest, then by type and position. Sorted by start, no overlap.

    Two half-open spans overlap when each begins before the other ends, containment included.
    """
    ordered = sorted(
        candidates,
        key=lambda c: (
            -c.score,
            c.start - c.end,
            _RANK.get(c.entity_type, len(_RANK)),
            c.entity_type,
            c.start,
        ),
    )
    starts: list[int] = []
    winners: list[RecognizerResult] = []
    for candidate in ordered:
        place = bisect_left(starts, candidate.start)
        free_before = place == 0 or winners[place - 1].end <= candidate.start
        free_after = place == len(winners) or candidate.end <= winners[place].start
        if candidate.start < candidate.end and free_before and free_after:
            starts.insert(place, candidate.start)
            winners.insert(place, candidate)
    return [Entity(type=w.entity_type, start=w.start, end=w.end, score=round(w.score, 3)) for w in winners]


def mask_spans(
    entities: Sequence[Entity], candidates: Iterable[RecognizerResult]
) -> list[tuple[Span, Entity]]:
    """What must be masked: the union of all candidates, each piece with the entity whose name it bears.

    Dropping a wider loser would leave its remaining characters in the text. Every piece holds at least one
    entity, because the best candidate of an overlapping group always wins.
    """
    pieces: list[tuple[Span, Entity]] = []
    next_one = 0
    for span in union((c.start, c.end) for c in candidates):
        first = next_one
        while next_one < len(entities) and entities[next_one].start < span.end:
            next_one += 1
        inside = entities[first:next_one]
        for index, entity in enumerate(inside):
            start = span.start if index == 0 else entity.start
            end = inside[index + 1].start if index + 1 < len(inside) else span.end
            pieces.append((Span(start, end), entity))
    return pieces
