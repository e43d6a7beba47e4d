"""The keys in their bucket: made, listed, revoked, rotated.

`key.<id>` holds a record, `used.<id>` the time of last use, written now and then by each API process.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nats.js import JetStreamContext
from nats.js.errors import (
    BucketNotFoundError,
    InvalidKeyError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
)
from nats.js.kv import KeyValue
from pydantic import ValidationError

from app.access.client import Scope
from app.access.key import Environment, hint, new_key, random_base62
from app.access.key_record import KeyRecord, State
from app.access.pepper import Pepper
from app.errors import NotProvisioned, VigilError
from app.runtime.bucket import changes
from app.streams import KEYS

PREFIX = "key"
USED = "used"
RESERVED = {"dev", "default", "operator", "readiness", "unknown"}


@dataclass(frozen=True)
class Made:
    """A new key: the only time that anybody sees it."""

    key: str
    record: KeyRecord


@dataclass(frozen=True)
class Listed:
    """A key as the operator sees it."""

    record: KeyRecord
    used_at: datetime | None


async def open_store(js: JetStreamContext, pepper: Pepper) -> "KeyStore":
    """The store on this server.

    Raises:
        NotProvisioned: the bucket does not exist.
    """
    try:
        return KeyStore(js, await js.key_value(KEYS.name), pepper)
    except BucketNotFoundError:
        raise NotProvisioned(f"bucket {KEYS.name} does not exist: run `vigil streams apply`") from None


class KeyStore:
    """What the operator does with keys."""

    def __init__(self, js: JetStreamContext, bucket: KeyValue, pepper: Pepper) -> None:
        self._js = js
        self._bucket = bucket
        self._pepper = pepper

    async def create(
        self,
        client_id: str,
        scopes: tuple[Scope, ...],
        environment: Environment = Environment.LIVE,
        lifetime: timedelta | None = None,
    ) -> Made:
        """A new key.

        Raises:
            VigilError: the name is taken by Vigil itself or holds other characters than letters, digits, `_.-`.
        """
        if client_id in RESERVED:
            raise VigilError(f"{client_id} is a name of Vigil's own: choose another")
        now = datetime.now(UTC)
        key = new_key(environment)
        try:
            record = KeyRecord(
                key_id=f"key_{random_base62(12)}",
                client_id=client_id,
                environment=environment,
                scopes=tuple(sorted(set(scopes))),
                hint=hint(key),
                digest=self._pepper.digest(key),
                pepper=self._pepper.fingerprint,
                created_at=now,
                expires_at=None if lifetime is None else now + lifetime,
            )
        except ValidationError:
            raise VigilError(
                f"{client_id!r} cannot name a client: use 1 to 64 letters, digits, '_', '.' or '-', "
                "the first a letter or digit"
            ) from None
        await self._bucket.create(f"{PREFIX}.{record.key_id}", record.model_dump_json().encode())
        return Made(key, record)

    async def records(self) -> list[Listed]:
        """All keys, oldest first."""
        records = {entry.key: entry async for entry in changes(self._js, KEYS, PREFIX)}
        used = {entry.key: entry async for entry in changes(self._js, KEYS, USED)}
        listed = [
            Listed(
                KeyRecord.model_validate_json(entry.value),
                datetime.fromisoformat(used[key_id].value.decode()) if key_id in used else None,
            )
            for key_id, entry in records.items()
            if not entry.removed
        ]
        return sorted(listed, key=lambda item: item.record.created_at)

    async def revoke(self, key_id: str) -> KeyRecord:
        """End a key now. Harmless when it has ended already.

        Raises:
            VigilError: there is no such key.
        """
        while True:
            record, revision = await self._get(key_id)
            if record.revoked_at is not None:
                return record
            revoked = record.model_copy(update={"revoked_at": datetime.now(UTC)})
            if await self._replace(revoked, revision):
                return revoked

    async def rotate(self, key_id: str, overlap: timedelta) -> tuple[Made, KeyRecord]:
        """A new key with the same owner, scopes and lifetime; the old one ends after `overlap`.

        Raises:
            VigilError: there is no such key, or it has ended or a successor.
        """
        old, revision = await self._get(key_id)
        now = datetime.now(UTC)
        if (state := old.state(now)) is not State.ACTIVE:
            raise VigilError(f"{key_id} is {state}: make a new one with `vigil keys create`")
        if old.rotated_to:  # its expiry is now the end of the overlap, and no lifetime for another key
            raise VigilError(f"{key_id} was rotated already: its successor is {old.rotated_to}")
        lifetime = None if old.expires_at is None else old.expires_at - old.created_at
        made = await self.create(old.client_id, old.scopes, old.environment, lifetime)
        while True:
            ends = now + overlap
            if old.expires_at is None or old.expires_at > ends:
                old = old.model_copy(update={"expires_at": ends})
            old = old.model_copy(update={"rotated_to": made.record.key_id})
            if await self._replace(old, revision):
                return made, old
            old, revision = await self._get(key_id)

    async def note_use(self, key_id: str, at: datetime) -> None:
        """Write down when a key was last used."""
        await self._bucket.put(f"{USED}.{key_id}", at.isoformat(timespec="seconds").encode())

    async def _get(self, key_id: str) -> tuple[KeyRecord, int]:
        try:
            entry = await self._bucket.get(f"{PREFIX}.{key_id}")
        except (KeyNotFoundError, InvalidKeyError):
            raise VigilError(f"there is no key {key_id}: `vigil keys list` shows them") from None
        return KeyRecord.model_validate_json(entry.value or b""), int(entry.revision or 0)

    async def _replace(self, record: KeyRecord, revision: int) -> bool:
        try:
            await self._bucket.update(
                f"{PREFIX}.{record.key_id}", record.model_dump_json().encode(), last=revision
            )
        except KeyWrongLastSequenceError:
            return False
        return True
