"""The event store for asynchronous code: patient through outages."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from anyio import CapacityLimiter
from asyncer import asyncify

from app.events.failures import REFUSED_CODES, StoreUnavailable
from app.events.store import EventStore
from app.metrics import event_log as metrics
from app.schemas.event import Event

T = TypeVar("T")

log = logging.getLogger("vigil.events")

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 2.0


class Sink:
    """Writes batches, in order, and waits while ClickHouse cannot take them. One per process."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._trouble: StoreUnavailable | None = None
        self._migrated = False
        self._limiter = CapacityLimiter(1)  # one connection: a second thread would only wait for it

    async def prepare(self) -> None:
        """Bring the schema up to date, as soon as ClickHouse can be reached."""
        await self._patiently(self._migrate)

    async def write(self, events: Sequence[Event]) -> dict[int, Exception]:
        """Store a batch, however long that takes; the caller's heartbeats keep its messages meanwhile.

        Returns:
            Index and error of each event that no table can hold.
        """
        if not events:
            return {}
        with metrics.INSERT.time(), self._store.traced(len(events)):
            rejected = dict(await self._patiently(lambda: self._insert(events)))
        metrics.BATCH.observe(len(events))
        metrics.STORED.inc(len(events) - len(rejected))
        metrics.REJECTED.inc(len(rejected))
        return rejected

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _insert(self, events: Sequence[Event]) -> list[tuple[int, Exception]]:
        self._migrate()
        return self._store.insert(events)

    def _migrate(self) -> None:
        if self._migrated:
            return
        try:
            if applied := self._store.migrate():
                log.info("schema of the event log: %s", ", ".join(applied))
        except StoreUnavailable as refusal:
            if refusal.code not in REFUSED_CODES:
                raise
            log.warning("the schema was not brought up to date (%s): run `vigil events migrate`", refusal)
        self._migrated = True

    async def _patiently(self, step: Callable[[], T]) -> T:
        pause = FIRST_PAUSE_S
        while True:
            try:
                result = await asyncify(step, abandon_on_cancel=True, limiter=self._limiter)()
            except StoreUnavailable as trouble:
                self._say(trouble)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_S)
            else:
                self._say(None)
                return result

    def _say(self, trouble: StoreUnavailable | None) -> None:
        """One line per change: it stopped taking events, for another reason than before, it takes them again."""
        before, self._trouble = self._trouble, trouble
        metrics.AVAILABLE.set(trouble is None)
        if trouble is None:
            if before is not None:
                log.info("ClickHouse takes events again")
        elif before is None or before.code != trouble.code:
            metrics.OUTAGES.inc(before is None)
            log.error("ClickHouse does not take events (%s): they wait in the stream", trouble)
