"""First names, surnames and everyday words: how much a capitalised word speaks for a person."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

import zxcvbn_pl

from app.pii.data import read_words
from app.pii.shadow import fold

# Strength of a word as a part of a name.
NONE, WEAK, STRONG = 0, 1, 2

# Ranks of zxcvbn-pl's lists. Beyond the first, a Polish first name is rarer than its homonyms; a surname or
# a word before these ranks is common.
MAX_FIRST_NAME_RANK = 2_500
COMMON_WORD_RANK = 12_000
COMMON_FIRST_NAME_RANK = 420

# Capitalised words repeat; a look into the packed Polish lists costs ten times as much as one here.
CACHED_WORDS = 8192

_POLISH_ENDING = re.compile(
    r"(?:(?:sk|ck|dzk)(?:i|a|iego|iej|iemu|ą|im|ich)|scy|ccy|wicz(?:a|owi|em|u|ów)?"
    r"|(?:czyk|czak|iak|szak)(?:a|owi|iem)?|czuka?|enko)$"
)


_PREFIXES = ("o'", "mc", "mac", "fitz", "al-")


class Lists(NamedTuple):
    """The lists, in lower case. The Polish ones map every inflected form to a rank, 1 the most frequent."""

    polish_first: Any
    polish_last: Any
    polish_words: Any
    polish_places: Any
    first: frozenset[str]
    ambiguous: frozenset[str]
    common: frozenset[str]
    doubtful: frozenset[str]
    never: frozenset[str]
    last: frozenset[str]
    words: frozenset[str]
    nobodys: frozenset[str]


@cache
def lists() -> Lists:
    """All lists: 0.05 s and 13 MB. Sources and licences: `app/pii/data/README.md`."""
    polish: dict[str, Any] = zxcvbn_pl.dictionaries()  # type: ignore[no-untyped-call]
    common = frozenset(read_words("common_first_names.txt"))
    return Lists(
        polish["pl_first_names"],
        polish["pl_last_names"],
        polish["pl_common_words"],
        polish["pl_places"],
        frozenset((*read_words("first_names.txt"), *read_words("polish_diminutives.txt"), *common)),
        frozenset(read_words("ambiguous_first_names.txt")),
        common,
        frozenset(read_words("doubtful_first_names.txt")),
        frozenset(read_words("not_first_names.txt")),
        frozenset(read_words("surnames.txt")),
        frozenset(read_words("english_words.txt")),
        frozenset(fold(name) for name in read_words("nobodys_names.txt")),
    )


@cache
def _nobodys_stems() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(map(_stem, name.split(" "))) for name in lists().nobodys if " " in name)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] in "aeioy" else word


def is_nobodys(words: Sequence[str]) -> bool:
    """True when the folded `words` begin with a name of fiction or history, Polish cases of it included."""
    if " ".join(words) in lists().nobodys:
        return True
    for count in range(2, len(words) + 1):
        if " ".join(words[:count]) in lists().nobodys:
            return True
        stems = [
            [word[: len(word) - cut] for cut in range(5) if len(word) - cut > 2] for word in words[:count]
        ]
        if count <= 3 and not _nobodys_stems().isdisjoint(product(*stems)):
            return True
    return False


@lru_cache(maxsize=CACHED_WORDS)
def first_name(word: str) -> int:
    """STRONG for a name that hardly means anything else, WEAK for one that is also a word, a place or a brand."""
    data = lists()
    if len(word) < 3 or word in data.never:
        return STRONG if word == "ed" else NONE
    if word in data.ambiguous:
        return WEAK
    if word in data.first:
        return STRONG
    return _polish_first_name(word)


def _polish_first_name(word: str) -> int:
    data = lists()
    rank = data.polish_first.get(word)
    if rank is None and word.count("-") == 1:
        return min(map(first_name, word.split("-")))
    if rank is None:
        return NONE
    if rank > MAX_FIRST_NAME_RANK:
        return NONE if word in data.words or data.polish_words.get(word) else WEAK
    rarer_than_the_word = rank > COMMON_FIRST_NAME_RANK > data.polish_words.get(word, 10**6)
    return WEAK if word in data.words or rarer_than_the_word else STRONG


def speaks_alone(word: str) -> bool:
    """True for a frequent first name, in any Polish case, that means nothing else."""
    return word in lists().common


@lru_cache(maxsize=CACHED_WORDS)
def surname(word: str) -> int:
    """STRONG for a listed surname or a surname's form, WEAK for one that is also an everyday word."""
    if len(word) < 2:
        return NONE
    if "-" in word:
        return max((surname(part) for part in word.split("-") if part), default=NONE)
    data = lists()
    rank = data.polish_words.get(word, 10**6)
    if len(word) > 5 and rank > 20_000 and _POLISH_ENDING.search(word):
        return STRONG
    if word in data.last or word in data.polish_last:
        common_before = 1_000 if word in data.last else COMMON_WORD_RANK
        return WEAK if word in data.words or rank < common_before else STRONG
    return STRONG if len(word) > 4 and word.startswith(_PREFIXES) and word not in data.words else NONE


def everyday(word: str, rank: int = COMMON_WORD_RANK * 4) -> bool:
    """True for a common word of either language and for a place: a capital alone makes it no surname."""
    data = lists()
    return (
        word in data.words
        or data.polish_words.get(word, 10**6) < rank
        or data.polish_places.get(word, 10**6) < 3_000
    )
