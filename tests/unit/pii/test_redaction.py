"""What stands in the place of a value, and back."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pii.engine import PiiEngine
from app.pii.evaluation.corpus import samples
from app.pii.redaction import Redaction, Trace, redact
from app.pii.restoration import originals, restore
from app.schemas.pii import Mask, Operator

KEY = b"k" * 32
RESTORABLE = PiiEngine(redaction=Redaction(restorable=True))
TEXT = "PESEL 44051401359, tel. 601 234 567, tel. 601-234-567"


def _redacted(text: str, **options: object) -> str:
    engine = PiiEngine(redaction=Redaction(**options))  # type: ignore[arg-type]
    return redact(text, engine.analyze(text).masks)


def test_placeholders_are_typed_and_numbered_by_value() -> None:
    assert _redacted(TEXT) == "PESEL [PL_PESEL_1], tel. [PHONE_NUMBER_1], tel. [PHONE_NUMBER_1]"


def test_a_restorable_placeholder_stands_for_one_written_form() -> None:
    assert _redacted(TEXT, restorable=True) == (
        "PESEL [PL_PESEL_1], tel. [PHONE_NUMBER_1], tel. [PHONE_NUMBER_2]"
    )


def test_operators_by_type() -> None:
    operators = {"PL_PESEL": Operator.MASK}
    assert _redacted(TEXT, operators=operators, default=Operator.DROP) == "PESEL ***********, tel. , tel. "


def test_a_hash_is_keyed_and_the_same_for_the_same_value() -> None:
    one = _redacted(TEXT, default=Operator.HASH, key=KEY)
    assert one == _redacted(TEXT, default=Operator.HASH, key=KEY)
    assert one != _redacted(TEXT, default=Operator.HASH, key=b"another key")
    first, second = one.split("tel. ")[1:]
    assert first.rstrip(", ") == second


def test_dropping_joins_no_digits() -> None:
    assert _redacted("12 jan@example.pl 34", default=Operator.DROP) == "12 [...] 34"


def test_a_placeholder_that_the_text_holds_already_is_not_given_again() -> None:
    text = "[PL_PESEL_1] to nie PESEL 44051401359"
    assert _redacted(text) == "[PL_PESEL_1] to nie PESEL [PL_PESEL_2]"


SAMPLES = [sample.text for sample in samples(1, seed=3)]
NOISE = ["[PERSON_1]", "[PL_PESEL_1]", "\u200b", "😀", "e\u0301", "\r\n", " ", "[", "]", "\\1", "44051401359"]


@pytest.mark.parametrize("operator", list(Operator))
def test_nothing_of_a_redacted_type_is_found_again(operator: Operator) -> None:
    engine = PiiEngine(redaction=Redaction(default=operator, key=KEY))
    for text in SAMPLES:
        found = engine.analyze(text)
        clean = redact(text, found.masks)
        again = engine.analyze(clean)
        types = {entity.type for entity in found.entities}
        assert not [clean[e.start : e.end] for e in again.entities if e.type in types], (text, clean)


@given(st.data())
def test_spans_of_the_redacted_text_lead_back(data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.text("abc", max_size=3), min_size=1, max_size=5))
    hidden = [
        data.draw(st.tuples(st.text("XY", min_size=1, max_size=3), st.text("xy", max_size=3))) for _ in kept
    ]
    text, masks = "", []
    for part, (value, replacement) in zip(kept, hidden, strict=True):
        text += part
        masks.append(Mask(start=len(text), end=len(text) + len(value), replacement=replacement))
        text += value
    clean, trace = redact(text, masks), Trace(masks)
    for start in range(len(clean)):
        for end in range(start + 1, len(clean) + 1):
            left, right = trace.original(start, end)
            inner = [mask for mask in masks if left < mask.end and mask.start < right]
            assert all(left <= mask.start and mask.end <= right for mask in inner)
            moved = [
                mask.model_copy(update={"start": mask.start - left, "end": mask.end - left}) for mask in inner
            ]
            assert clean[start:end] in redact(text[left:right], moved)


@given(st.lists(st.one_of(st.sampled_from(SAMPLES), st.sampled_from(NOISE)), max_size=6).map("".join))
@settings(max_examples=300, deadline=None)
def test_restoring_gives_the_text_back(text: str) -> None:
    masks = RESTORABLE.analyze(text).masks
    assert restore(redact(text, masks), originals(text, masks)) == text


def test_two_clients_interleaved_get_their_own_values_back() -> None:
    """10,000 generated texts, from two clients in turn, restored in another order than they were redacted in."""
    generator = random.Random(11)
    vault: dict[tuple[str, int], dict[str, str]] = {}
    redacted: dict[tuple[str, int], tuple[str, str]] = {}
    for number in range(10_000):
        client = ("one", "two")[number % 2]
        text = generator.choice(NOISE).join([generator.choice(SAMPLES), f" {number}"])
        masks = RESTORABLE.analyze(text).masks
        vault[client, number] = originals(text, masks)
        redacted[client, number] = (redact(text, masks), text)
    places = list(redacted)
    generator.shuffle(places)
    for place in places:
        clean, text = redacted[place]
        assert restore(clean, vault[place]) == text
        other = ({"one": "two", "two": "one"}[place[0]], place[1])
        assert other not in vault
