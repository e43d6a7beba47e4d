"""The ruler is straight: labels lie where they say, and scores count what they should."""

from app.pii.evaluation.corpus import Sample, Span, samples
from app.pii.evaluation.report import report
from app.pii.evaluation.score import Score, scores, total
from app.pii.evaluation.systems import _in_our_types


def test_labels_lie_inside_their_texts_and_do_not_overlap() -> None:
    for part in ("sentences", "blind"):
        found = list(samples(1, seed=1, part=part))
        assert {sample.length for sample in found} == {"short", "long"}
        assert any(not sample.spans for sample in found)
        for sample in found:
            ends = [0, *(span.end for span in sample.spans)]
            for span, before in zip(sample.spans, ends, strict=False):
                assert before <= span.start < span.end <= len(sample.text)


def test_the_same_seed_gives_the_same_texts() -> None:
    assert list(samples(1, seed=2)) == list(samples(1, seed=2))
    assert list(samples(1, seed=2)) != list(samples(1, seed=3))


def test_a_hit_has_the_right_type_and_half_of_the_span() -> None:
    sample = Sample("x" * 40, (Span("PERSON", 0, 10), Span("PL_NIP", 20, 30)), "pl", "short")
    found = [Span("PERSON", 0, 6), Span("PL_PESEL", 20, 30), Span("PERSON", 32, 40)]
    by_type = scores([(sample, found)])
    assert by_type == {"PERSON": Score(1, 1, 0), "PL_NIP": Score(0, 0, 1), "PL_PESEL": Score(0, 1, 0)}
    assert total(by_type) == Score(1, 2, 1)
    assert total(by_type, without=("PERSON",)).f1 == 0
    assert "| Vigil | 0.400 |" in report(
        {"blind": {"Vigil": [(sample, found), (Sample("", (), "en", "long"), [])]}}
    )


def test_a_peer_s_label_counts_as_whatever_it_may_mean() -> None:
    sample = Sample("x" * 40, (Span("PL_ID_CARD", 0, 9),), "pl", "short")
    assert _in_our_types("NATIONAL_ID", 0, 9, sample) == Span("PL_ID_CARD", 0, 9)
    assert _in_our_types("NATIONAL_ID", 20, 29, sample) == Span("PL_PESEL", 20, 29)
    assert _in_our_types("ORGANIZATION", 0, 9, sample) is None
    assert _in_our_types("LOCATION", 0, 9, sample) is None
