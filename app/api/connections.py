"""HTTP connections that cannot be held open by saying nothing."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A request's head must be there this long after its first byte, or after the connection was opened.
HEAD_WITHIN_S = 10.0


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for the rest of a request's head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._expect_head()

    def on_message_begin(self) -> None:
        """Another request on the same connection."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is there; the body has a limit of its own (door/body_limit.py)."""
        self._forget_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._forget_head()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._forget_head()
        self._head = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
