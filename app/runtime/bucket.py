"""A key-value bucket as one process sees it: a copy in memory, at most two seconds behind the server.

The copy follows the bucket's stream: it asks for the last sequence number twice a second and fetches what is
new since then. A plain subscription on the bucket's subjects shortens the wait to milliseconds, but nothing
depends on it: after a reconnect, a lost message or a new leader the next question catches up. A watch of
nats-py would be an ordered consumer, whose recovery cannot be seen from outside.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from app.runtime.tasks import cancel
from app.streams import Bucket

log = logging.getLogger("vigil.bucket")

POLL_S = 0.5
REQUEST_TIMEOUT_S = 1.0
_REMOVED = {"DEL", "PURGE"}


@dataclass(frozen=True)
class Entry:
    """A value of a key, without its prefix. Its revision is the sequence number it was stored under."""

    key: str
    value: bytes
    revision: int
    removed: bool = False


async def changes(js: JetStreamContext, bucket: Bucket, prefix: str, after: int = 0) -> AsyncIterator[Entry]:
    """Everything that is stored after revision `after` under keys that begin with `prefix` and a dot, in order."""
    root = f"$KV.{bucket.name}.{prefix}."
    while True:
        try:
            # From the leader, not `direct`: a replica may not know of a revocation yet.
            message = await js.get_msg(bucket.stream, seq=after + 1, subject=f"{root}>", next=True)
        except NotFoundError:
            return
        after = int(message.seq or 0)
        yield Entry(
            key=str(message.subject).removeprefix(root),
            value=message.data or b"",
            revision=after,
            removed=(message.headers or {}).get("KV-Operation") in _REMOVED,
        )


class BucketCopy:
    """The entries of `bucket` whose key begins with `prefix` and a dot.

    Args:
        bucket: which one.
        prefix: the first token of the keys to follow.
        connect: gives the process's connection once there is one.
        on_change: called after every change, with all entries by key (without the prefix).
        missing_is_empty: take a bucket that does not exist for an empty one.
    """

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        connect: Callable[[], Awaitable[Client]],
        on_change: Callable[[dict[str, Entry]], None],
        *,
        missing_is_empty: bool = False,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._connect = connect
        self._on_change = on_change
        self._missing_is_empty = missing_is_empty
        self._entries: dict[str, Entry] = {}
        self._created: datetime | None = None
        self._seen = -1
        self._hint = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self.trouble: str | None = "not loaded yet"

    @property
    def loaded(self) -> bool:
        """Whether the bucket has been read at least once."""
        return self._seen >= 0

    async def start(self) -> None:
        """Begin to follow the bucket."""
        self._following = asyncio.create_task(self._follow(), name=f"follow {self._bucket.name}")

    async def stop(self) -> None:
        """Follow it no more."""
        await cancel(self._following)

    async def _follow(self) -> None:
        connection = await self._connect()
        js = connection.jetstream(timeout=REQUEST_TIMEOUT_S)

        async def hinted(_: object) -> None:
            self._hint.set()

        await connection.subscribe(f"$KV.{self._bucket.name}.{self._prefix}.>", cb=hinted)
        while True:
            # Disconnected, a request would wait for its whole timeout, and the catching up with it.
            if connection.is_connected:
                await self._try_to_catch_up(js)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._hint.wait()
            self._hint.clear()

    async def _try_to_catch_up(self, js: JetStreamContext) -> None:
        try:
            await self._catch_up(js)
        except NotFoundError:
            self._report(f"bucket {self._bucket.name} does not exist: run `vigil streams apply`")
            if self._missing_is_empty and not self.loaded:
                self._on_change({})
        except (NatsError, TimeoutError, OSError) as error:
            self._report(f"bucket {self._bucket.name}: {error or type(error).__name__}")
        else:
            self.trouble = None

    def _report(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble

    async def _catch_up(self, js: JetStreamContext) -> None:
        info = await js.stream_info(self._bucket.stream)
        last = info.state.last_seq
        anew = info.created != self._created or last < self._seen
        if not anew and last == self._seen:
            return
        entries = {} if anew else dict(self._entries)
        async for change in changes(js, self._bucket, self._prefix, 0 if anew else self._seen):
            last = max(last, change.revision)
            entries.pop(change.key, None)
            if not change.removed:
                entries[change.key] = change
        self._entries, self._created, self._seen = entries, info.created, last
        self._on_change(entries)
