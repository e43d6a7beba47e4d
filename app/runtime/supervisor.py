"""Several servers as one: started in order, stopped in reverse order."""

import asyncio
import logging
from types import TracebackType
from typing import Protocol, Self

log = logging.getLogger(__name__)


class Server(Protocol):
    """Something that is started and stopped."""

    async def start(self) -> None:
        """Return when it serves. Raises StartError."""

    async def stop(self) -> None:
        """Return when it has ended."""


class Supervisor:
    """Servers that live and end together. As a context manager it stops them on the way out.

    ```python
    async with Supervisor() as servers:
        await servers.start(NatsServer(folder))
        await servers.start(ClickHouseServer(folder))
    ```
    """

    def __init__(self) -> None:
        self._started: list[list[Server]] = []

    async def start(self, server: Server, *, beside: Server | None = None) -> None:
        """Start one more server and wait until it serves. It is stopped together with `beside`, else in its turn.

        Raises:
            StartError: it cannot start; the others keep running.
        """
        await server.start()
        for group in self._started:
            if beside in group:
                group.append(server)
                return
        self._started.append([server])

    async def stop(self) -> None:
        """Stop all, the latest first. One that fails to stop does not keep the others running."""
        while self._started:
            group = self._started.pop()
            ended = await asyncio.gather(*(server.stop() for server in group), return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    log.error("a server could not be stopped", exc_info=error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
