"""The stored keys in a process that cannot reach their bucket."""

import asyncio
from typing import Any

from app.access.key import new_key
from app.access.keys import StoredKeys
from tests.unit.access.test_key_ring import PEPPER, entry, ring


async def test_a_use_that_could_not_be_written_down_is_not_forgotten() -> None:
    async def connect() -> Any:
        await asyncio.Event().wait()

    key = new_key()
    known = ring(entry(key))
    keys = StoredKeys(known, PEPPER, connect)
    await keys.start()
    known.client(key)
    await keys.stop()
    assert list(known.take_used()) == ["key_1"]
