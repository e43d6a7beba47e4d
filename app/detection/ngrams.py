"""A linear model over hashed character and word n-grams: every window of a long text from one pass.

Each n-gram adds its weight at its last character; a window's sum is a difference of running sums, so the
cost is linear in the text however windows overlap.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.detection.confusables import fold

BITS = 18
CHARACTER_ORDERS = (3, 4, 5)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_BASE = np.uint64(0x100000001B3)
_SHIFT = np.uint64(64 - BITS)

Indices = NDArray[np.int64]

# One code a folded character: letters apart, digits alike, any other script's letter by its code point.
_CODES = np.arange(128, dtype=np.uint64)
_CODES[ord("0") : ord("9") + 1] = ord("0")
_CODES[[ord(char) for char in "\t\r\x0b\x0c"]] = ord(" ")
_WORD = np.zeros(128, dtype=bool)
_WORD[[ord(char) for char in "abcdefghijklmnopqrstuvwxyz0123456789_"]] = True


def features(text: str) -> tuple[Indices, Indices]:
    """Hashed n-grams of `text`: feature numbers below 2**BITS, and the place of each one's last character."""
    points = np.frombuffer(fold(text).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if not len(points):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ascii_part = points < 128
    small = np.where(ascii_part, points, 0)
    codes = np.where(ascii_part, _CODES[small], points.astype(np.uint64) + np.uint64(1))
    word = np.where(ascii_part, _WORD[small], True)
    numbers: list[NDArray[np.uint64]] = []
    places: list[Indices] = []
    for order in CHARACTER_ORDERS:
        if len(codes) >= order:
            mixed = np.full(len(codes) - order + 1, np.uint64(order), dtype=np.uint64)
            for i in range(order):
                mixed = mixed * _BASE + codes[i : len(codes) - order + 1 + i]
            numbers.append(mixed)
            places.append(np.arange(order - 1, len(codes)))
    _words(codes, word, numbers, places)
    if not numbers:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    hashed = np.right_shift(np.concatenate(numbers) * _MIX, _SHIFT)
    return hashed.astype(np.int64), np.concatenate(places)


def _words(
    codes: NDArray[np.uint64],
    word: NDArray[np.bool_],
    numbers: list[NDArray[np.uint64]],
    places: list[Indices],
) -> None:
    """Words, pairs of neighbours and pairs with one word between."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], word, [False])).astype(np.int8)))
    starts, ends = edges[0::2], edges[1::2]
    if not len(starts):
        return
    # A word's hash is a sum over its letters, each weighted by its place in the word.
    inside = np.flatnonzero(word)
    position = (inside - np.repeat(starts, ends - starts)).astype(np.uint64)
    letters = (codes[inside] + np.uint64(7)) * (position * np.uint64(2) + np.uint64(1)) * _MIX
    letters ^= letters >> np.uint64(29)
    letters *= _BASE
    offsets = np.concatenate(([0], np.cumsum(ends - starts)[:-1]))
    words: NDArray[np.uint64] = np.asarray(np.add.reduceat(letters, offsets), dtype=np.uint64)
    numbers.append(words * np.uint64(3) + np.uint64(11))
    places.append(ends - 1)
    for distance, salt in ((1, np.uint64(0x51ED270B)), (2, np.uint64(0x2545F491))):
        if len(words) > distance:
            pairs = (words[:-distance] * _BASE + words[distance:] * salt + salt).astype(np.uint64)
            numbers.append(np.bitwise_xor(pairs, np.right_shift(pairs, np.uint64(31))))
            places.append(ends[distance:] - 1)


class NgramModel:
    """The trained weights. Thread-safe."""

    def __init__(self, weights: NDArray[np.floating], bias: float) -> None:
        self.weights = weights.astype(np.float32)
        self.bias = bias

    def margins(self, text: str, spans: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """A margin for each span of `text`: sum of weights over the root of the number of n-grams, plus bias."""
        numbers, places = features(text)
        size = len(text)
        total = np.concatenate(([0.0], np.cumsum(np.bincount(places, self.weights[numbers], minlength=size))))
        count = np.concatenate(([0], np.cumsum(np.bincount(places, minlength=size))))
        starts = np.array([start for start, _ in spans], dtype=np.int64)
        ends = np.array([end for _, end in spans], dtype=np.int64)
        n = np.maximum(count[ends] - count[starts], 1)
        return np.asarray((total[ends] - total[starts]) / np.sqrt(n) + self.bias, dtype=np.float64)
