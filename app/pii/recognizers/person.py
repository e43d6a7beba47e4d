"""Names of people: Polish ones in every inflected form, English ones, from lists that packages carry."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import zxcvbn_pl
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

_WORD = re.compile(
    r"[A-ZĄĆĘŁŃÓŚŹŻÀ-ÖØ-Þ][a-ząćęłńóśźżß-öø-ÿ]{1,24}(?:[-'’][A-ZĄĆĘŁŃÓŚŹŻ][a-ząćęłńóśźż]{1,24})?(?![^\W_])"
)
_TITLE = re.compile(
    r"(?:\b(?:pan|pana|panu|panem|pani|panią|państwo|państwa|mr|mrs|ms|miss|dr|prof|mgr|inż)\b\.?)\s*$",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"\s[A-Z]\.(?=\s)")
_GAP = " \u00a0"

# Rank from which a first name is rare enough to need a known surname beside it.
SURE_RANK = 1500
# How common a capitalised word may be as a word and still count as a surname that no list knows.
RARE_WORD = 3000
# Word forms that are a name only in fiction or by accident; each was a false hit on clean text.
_NO_NAMES = frozenset(
    [
        "april",
        "may",
        "june",
        "summer",
        "will",
        "grace",
        "hope",
        "faith",
        "joy",
        "dawn",
        "iris",
        "rose",
        "art",
        "bill",
        "mark",
        "pat",
        "rich",
        "frank",
        "grant",
        "chance",
        "dean",
        "drew",
        "major",
        "maria",
        "sun",
        "angel",
        "paris",
        "london",
        "austin",
        "jordan",
        "florence",
        "sydney",
        "china",
        "india",
        "georgia",
        "virginia",
        "carolina",
        "dakota",
        "dallas",
        "houston",
        "madison",
        "lincoln",
        "washington",
        "jackson",
        "orlando",
        "chelsea",
        "brooklyn",
        "israel",
        "america",
        "asia",
        "kenya",
        "maja",
        "bez",
        "ale",
        "ten",
        "tym",
        "lub",
        "los",
        "róża",
        "wiosna",
        "lato",
        "luty",
        "maj",
        "jak",
        "tak",
        "nie",
    ]
)
_SURNAME_ENDING = re.compile(
    r"(?:sk|ck|dzk)(?:i|a|ą|iego|iej|iemu|im|ich|imi)$|(?:czyk|wicz|ewicz|owicz|czak|iak|szczak)(?:a|owi|iem|em|ie|owie|ów)?$"
)


@cache
def _lists() -> tuple[Any, Any, Any, frozenset[str], frozenset[str], dict[str, int]]:
    polish: dict[str, Any] = zxcvbn_pl.dictionaries()  # type: ignore[no-untyped-call]
    english_first = frozenset([*FREQUENCY_LISTS["male_names"], *FREQUENCY_LISTS["female_names"][:2500]])
    words = {word: rank for rank, word in enumerate(FREQUENCY_LISTS["english_wikipedia"][:12_000])}
    return (
        polish["pl_first_names"], polish["pl_last_names"], polish["pl_common_words"],
        english_first, frozenset(FREQUENCY_LISTS["surnames"]), words,
    )  # fmt: skip


def load() -> None:
    """Read the lists now instead of with the first text."""
    _lists()


def is_first_name(word: str) -> bool:
    """Whether a capitalised word can open a name."""
    first, _, _, english, _, _ = _lists()
    lower = word.lower()
    return (
        lower not in _NO_NAMES
        and len(lower) > 2
        and (first.get(lower, SURE_RANK) < SURE_RANK or lower in english)
    )


def _is_surname(word: str) -> bool:
    _, last, common, _, english, words = _lists()
    lower = word.lower()
    if _SURNAME_ENDING.search(lower):
        return True
    parts = re.split(r"[-'’]", lower)
    known = any(part in last or part in english for part in parts)
    rank = common.get(lower, RARE_WORD)
    return known and rank >= 300 and (words.get(lower, 2000) >= 300 or lower in english)


def _is_rare_word(word: str) -> bool:
    _, _, common, _, _, words = _lists()
    lower = word.lower()
    return common.get(lower, RARE_WORD) >= RARE_WORD and lower not in words


class PersonRecognizer(Recognizer):
    """A first name with a surname after it, or a title with a name after it. Lone first names are not reported."""

    supported_entities = ("PERSON",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Runs of capitalised words on one line."""
        run: list[re.Match[str]] = []
        for match in _WORD.finditer(document.text):
            if match.start() and (
                document.text[match.start() - 1].isalnum() or document.text[match.start() - 1] in "_@/"
            ):
                continue
            if run and not self._joined(document.text, run[-1].end(), match.start()):
                yield from self._names(document.text, run)
                run = []
            run.append(match)
        yield from self._names(document.text, run)

    @staticmethod
    def _joined(text: str, end: int, start: int) -> bool:
        between = text[end:start]
        return between in _GAP or _INITIAL.fullmatch(between.rstrip(_GAP) + "", 0) is not None

    @staticmethod
    def _names(text: str, run: list[re.Match[str]]) -> Iterator[RecognizerResult]:
        index = 0
        while index < len(run):
            titled = _TITLE.search(text, max(0, run[index].start() - 12), run[index].start()) is not None
            opens = is_first_name(run[index].group())
            last = index
            if opens:
                while (
                    last + 1 < len(run)
                    and last - index < 3
                    and (is_first_name(run[last + 1].group()) or _is_surname(run[last + 1].group()))
                ):
                    last += 1
                if last == index and index + 1 < len(run) and _is_rare_word(run[index + 1].group()):
                    last += 1
            if last > index:
                yield RecognizerResult("PERSON", run[index].start(), run[last].end(), 0.85)
            elif titled and (opens or _is_surname(run[index].group())):
                yield RecognizerResult("PERSON", run[index].start(), run[index].end(), 0.7)
            index = last + 1
