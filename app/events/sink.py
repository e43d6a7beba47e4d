"""The event store for asynchronous code: patient through outages."""

import asyncio
import logging
from collections.abc import Sequence

from asyncer import asyncify

from app.events.failures import StoreUnavailable
from app.events.store import EventStore
from app.schemas.event import Event

log = logging.getLogger("vigil.events")

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 2.0


class Sink:
    """Writes batches, in order, and waits while ClickHouse cannot take them. One per process."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._down = False

    async def write(self, events: Sequence[Event]) -> dict[int, Exception]:
        """Store a batch, however long that takes; the caller's heartbeats keep its messages meanwhile.

        Returns:
            Index and error of each event that no table can hold.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                rejected = await asyncify(self._store.insert, abandon_on_cancel=True)(events)
            except StoreUnavailable as trouble:
                self._say(down=True, reason=str(trouble))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_S)
            else:
                self._say(down=False)
                return dict(rejected)

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _say(self, *, down: bool, reason: str = "") -> None:
        if down and not self._down:
            log.error("ClickHouse does not take events (%s): they wait in the stream", reason)
        elif self._down and not down:
            log.info("ClickHouse takes events again")
        self._down = down
