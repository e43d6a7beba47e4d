"""The stored keys in an API process: read, followed, and their use written down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError

from app.access.key_ring import KeyRing
from app.access.key_store import PREFIX, open_store
from app.access.pepper import Pepper
from app.errors import VigilError
from app.runtime.bucket import BucketCopy
from app.runtime.tasks import cancel
from app.streams import KEYS

log = logging.getLogger("vigil.access")

NOTE_USE_EVERY_S = 30.0


class StoredKeys:
    """Keeps a ring in step with the bucket as long as the process runs."""

    def __init__(self, ring: KeyRing, pepper: Pepper, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._ring = ring
        self._pepper = pepper
        self._connect = connect
        self._copy = BucketCopy(KEYS, PREFIX, connect, ring.load)
        self._noting: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str | None:
        """Why the ring may be out of date, None when it is not."""
        return self._copy.trouble

    async def start(self) -> None:
        """Begin; without a server the ring stays as it is until there is one."""
        await self._copy.start()
        self._noting = asyncio.create_task(self._note_use_for_ever(), name="note the use of keys")

    async def stop(self) -> None:
        """End, with the latest uses written down when the server is there."""
        await self._copy.stop()
        if self._noting is not None:
            await cancel(self._noting)
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._note_use()

    async def _note_use_for_ever(self) -> None:
        while True:
            await asyncio.sleep(NOTE_USE_EVERY_S)
            await self._note_use()

    async def _note_use(self) -> None:
        used = self._ring.take_used()
        if not used:
            return
        try:
            connection = await self._connect()
            store = await open_store(connection.jetstream(timeout=1.0), self._pepper)
            for key_id, at in list(used.items()):
                await store.note_use(key_id, at)
                del used[key_id]
        except (NatsError, TimeoutError, OSError, VigilError) as error:
            log.warning("the use of %d keys is not written down yet: %s", len(used), error)
        finally:
            self._ring.put_back(used)
