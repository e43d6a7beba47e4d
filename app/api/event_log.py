"""The event log behind the API: one connection that only reads, one that writes feedback."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter
from asyncer import asyncify

from app.events.access import READING, connect
from app.events.feedback import FeedbackStore
from app.events.queries import EventQueries
from app.events.statistics import EventStatistics
from app.settings import Settings

T = TypeVar("T")


class EventLog:
    """Questions and reports, off the event loop and one at a time. One per process.

    Nothing is connected before the first of them.
    """

    def __init__(self, settings: Settings) -> None:
        database = settings.clickhouse_database
        self._reader = connect(settings, limits=READING)
        self._writer = connect(settings)
        self._reading, self._writing = CapacityLimiter(1), CapacityLimiter(1)
        self.queries = EventQueries(self._reader, database)
        self.statistics = EventStatistics(self._reader, database)
        self.feedback = FeedbackStore(self._writer, database)

    async def read(self, question: Callable[[], T]) -> T:
        """The answer. Raises StoreUnavailable."""
        return await asyncify(question, limiter=self._reading)()

    async def write(self, step: Callable[[], T]) -> T:
        """Do it. Raises StoreUnavailable."""
        return await asyncify(step, limiter=self._writing)()

    def close(self) -> None:
        """Close both connections."""
        self._reader.close()
        self._writer.close()
