"""Feature tables for training: every window of every example, embedded once and kept in a cache folder."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.detection.encoder import DIMENSIONS as USE_DIMENSIONS
from app.detection.encoder import Encoder
from app.detection.minilm import DIMENSIONS as MINILM_DIMENSIONS
from app.detection.minilm import MiniLm
from app.detection.normalise import read
from app.detection.training.sources import Example
from app.detection.windows import windows

# Windows of one foreign text; the corpus' own long documents are read whole.
MAX_WINDOWS = 4

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Table:
    """Windows of examples: `owner[i]` is the example that window i belongs to."""

    texts: list[str]
    owner: NDArray[np.int64]
    use: Floats
    minilm: Floats


def build(examples: Sequence[Example], cache: Path) -> Table:
    """Windows and embeddings of `examples`; embeddings already in `cache` are not computed again."""
    texts: list[str] = []
    owner: list[int] = []
    for number, example in enumerate(examples):
        found = [window.text for window in windows(read(example.text))]
        if example.source != "corpus" and len(found) > MAX_WINDOWS:
            step = len(found) / MAX_WINDOWS
            found = [found[int(i * step)] for i in range(MAX_WINDOWS)]
        texts += found
        owner += [number] * len(found)
    return Table(
        texts,
        np.array(owner),
        _cached(texts, cache / "use.npz", USE_DIMENSIONS, lambda missing: Encoder().embed(missing)),
        _cached(texts, cache / "minilm.npz", MINILM_DIMENSIONS, lambda missing: MiniLm().embed(missing)),
    )


def _cached(texts: list[str], path: Path, width: int, embed: Callable[[list[str]], Floats]) -> Floats:
    known: dict[str, Floats] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known.update(zip(missing, embed(list(missing.values())).astype(np.float16), strict=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keys=np.array(list(known)), rows=np.stack(list(known.values())))
    return (
        np.stack([known[key] for key in keys]).astype(np.float32)
        if keys
        else np.empty((0, width), np.float32)
    )
