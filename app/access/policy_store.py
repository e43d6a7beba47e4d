"""Policies in their bucket: `policy.<client>`, every version of which is kept, up to 64."""

import getpass
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from nats.js import JetStreamContext
from nats.js.errors import (
    BucketNotFoundError,
    InvalidKeyError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
)
from nats.js.kv import KeyValue

from app.access.policy_document import StoredPolicy, parse_policy
from app.errors import NotProvisioned, VigilError
from app.runtime.bucket import changes
from app.streams import POLICIES

PREFIX = "policy"
# Holds for every client that has none of its own.
DEFAULT = "default"


async def open_policies(js: JetStreamContext) -> "PolicyStore":
    """The store on this server.

    Raises:
        NotProvisioned: the bucket does not exist.
    """
    try:
        return PolicyStore(js, await js.key_value(POLICIES.name))
    except BucketNotFoundError:
        raise NotProvisioned(f"bucket {POLICIES.name} does not exist: run `vigil streams apply`") from None


class PolicyStore:
    """What the operator does with policies."""

    def __init__(self, js: JetStreamContext, bucket: KeyValue) -> None:
        self._js = js
        self._bucket = bucket

    async def get(self, client_id: str) -> StoredPolicy | None:
        """The latest version, None when there is none."""
        found = await self._latest(client_id)
        return None if found is None else found[0]

    async def set(self, client_id: str, fields: dict[str, Any]) -> StoredPolicy:
        """A new version with these fields, and no others.

        Raises:
            VigilError: they make no sense, or somebody else has changed the policy meanwhile.
        """
        parse_policy(fields)
        latest = await self._latest(client_id)
        stored = StoredPolicy(
            version=latest[0].version + 1 if latest else 1,
            changed_at=datetime.now(UTC),
            changed_by=_user(),
            policy=fields,
        )
        key, value = f"{PREFIX}.{client_id}", stored.model_dump_json().encode()
        try:
            await self._bucket.update(key, value, last=latest[1] if latest else 0)
        except KeyWrongLastSequenceError:
            raise VigilError(
                f"the policy of {client_id} was changed meanwhile: look at it and set it again"
            ) from None
        return stored

    async def history(self, client_id: str) -> list[StoredPolicy]:
        """All versions that are kept, oldest first."""
        return [StoredPolicy.model_validate_json(entry.value) async for entry in self._entries(client_id)]

    async def _entries(self, client_id: str) -> "AsyncIterator[Any]":
        async for entry in changes(self._js, POLICIES, PREFIX):
            if entry.key == client_id and not entry.removed:
                yield entry

    async def _latest(self, client_id: str) -> tuple[StoredPolicy, int] | None:
        try:
            entry = await self._bucket.get(f"{PREFIX}.{client_id}")
        except KeyNotFoundError:
            return None
        except InvalidKeyError:
            raise VigilError(f"{client_id!r} names no client: `vigil keys list` shows them") from None
        return StoredPolicy.model_validate_json(entry.value or b""), int(entry.revision or 0)


def _user() -> str:
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return "unknown"
