"""Arithmetic on overlapping candidates."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.pii.recognizers.base import RecognizerResult
from app.pii.resolution import mask_spans, resolve

CANDIDATES = st.lists(
    st.builds(
        lambda kind, start, length, score: RecognizerResult(kind, start, start + length, score),
        st.sampled_from(["PERSON", "PL_PESEL", "CUSTOM"]),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from([0.4, 0.8, 1.0]),
    ),
    max_size=12,
)


@given(CANDIDATES)
def test_winners_do_not_overlap_and_masks_cover_every_candidate(candidates) -> None:
    entities = resolve(candidates)
    for one, other in itertools.pairwise(entities):
        assert one.end <= other.start
    covered = {place for span, _ in mask_spans(entities, candidates) for place in range(span.start, span.end)}
    assert covered == {place for candidate in candidates for place in range(candidate.start, candidate.end)}


@given(CANDIDATES, st.randoms())
def test_the_order_of_candidates_does_not_matter(candidates, random) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert resolve(shuffled) == resolve(candidates)


def test_a_wider_loser_leaves_nothing_uncovered() -> None:
    wide, narrow = RecognizerResult("PERSON", 0, 20, 0.4), RecognizerResult("PL_PESEL", 5, 16, 1.0)
    assert [entity.type for entity in resolve([wide, narrow])] == ["PL_PESEL"]
    ((span, entity),) = mask_spans(resolve([wide, narrow]), [wide, narrow])
    assert (span.start, span.end, entity.type) == (0, 20, "PL_PESEL")
