"""Texts that may pass, remembered for a while."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from vigil_stream.models.batch import Text


class Seen:
    """Digests of texts that may pass: a dialogue grows with every step, and its history need not be judged each time.

    Args:
        size: texts that are remembered; the oldest are forgotten first.
        seconds: for how long. A policy may change meanwhile.
    """

    def __init__(
        self, size: int = 10_000, seconds: float = 300.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._seconds = seconds
        self._monotonic = monotonic
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, text: Text) -> None:
        """It was judged, and may pass."""
        with self._lock:
            self._until[_digest(text)] = self._monotonic() + self._seconds
            self._until.move_to_end(_digest(text))
            while len(self._until) > self._size:
                self._until.popitem(last=False)

    def __contains__(self, text: Text) -> bool:
        with self._lock:
            return self._until.get(_digest(text), 0.0) > self._monotonic()


def _digest(text: Text) -> bytes:
    """An operator's words are judged more gently: that says nothing of the same words from others."""
    return hashlib.blake2b(
        text.text.encode("utf-8", "surrogatepass"), key=b"o" if text.operator else b"u"
    ).digest()
