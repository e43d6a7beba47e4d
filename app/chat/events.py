"""Server-sent events, as far as streamed answers use them: the `data` of each event."""

from collections.abc import Iterator

LONGEST_EVENT = 4_000_000


class EventReader:
    """Bytes in, the data of whole events out. Everything but data is left out: it could not be judged.

    An event has at most `longest` bytes.
    """

    def __init__(self, longest: int = LONGEST_EVENT) -> None:
        self._longest = longest
        self._buffer = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[str]:
        """The events that `piece` completes.

        Raises:
            ValueError: an event is endless, or no UTF-8.
        """
        self._buffer += piece
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) + sum(map(len, self._data)) > self._longest:
            raise ValueError("an event has no end")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def end(self) -> Iterator[str]:
        """An event whose last blank line is missing."""
        last, self._buffer = self._buffer, b""
        yield from self._line(last.removesuffix(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            yield data.decode()


def event(data: str) -> bytes:
    """One event; its data holds no line end."""
    return f"data: {data}\n\n".encode()
