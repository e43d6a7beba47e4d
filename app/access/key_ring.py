"""The keys that this process accepts."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from app.access.client import Client
from app.access.key import well_formed
from app.access.key_record import KeyRecord, State
from app.access.pepper import Pepper
from app.errors import VigilError
from app.runtime.bucket import Entry

log = logging.getLogger("vigil.access")


class KeyRefused(VigilError):  # noqa: N818
    """This key opens nothing; the message tells its holder why."""


class KeysUnknown(VigilError):  # noqa: N818
    """The stored keys have not been read yet: this key may be good or not."""


class KeyRing:
    """Looks keys up by digest. Which of two wrong keys is closer to a right one cannot be told from the time:
    the digest is keyed, so an almost right key has a digest as far away as any other.

    Args:
        pepper: of the digests.
        development: the development key where it is allowed, and its owner.
    """

    def __init__(self, pepper: Pepper, development: Mapping[str, Client] | None = None) -> None:
        self._pepper = pepper
        self._built_in = {pepper.digest(key): client for key, client in (development or {}).items()}
        self._records: dict[str, KeyRecord] = {}
        self._used: dict[str, datetime] = {}
        self.loaded = False

    def client(self, key: str) -> Client:
        """Whose key it is.

        Raises:
            KeyRefused: it is nobody's, or was revoked, or has expired.
            KeysUnknown: the stored keys are not known yet.
        """
        digests = self._pepper.digests(key)
        sound = well_formed(key)
        built_in = next((self._built_in[digest] for digest in digests if digest in self._built_in), None)
        if built_in is not None and sound:
            return built_in
        record = next((self._records[digest] for digest in digests if digest in self._records), None)
        if record is None or not sound:
            if sound and not self.loaded:
                raise KeysUnknown("the stored keys cannot be read yet")
            raise KeyRefused("this key is not known: check it for typing errors")
        now = datetime.now(UTC)
        state = record.state(now)
        if state is not State.ACTIVE:
            raise KeyRefused(f"this key is {state}: ask for a new one")
        self._used[record.key_id] = now
        return record.client

    def load(self, entries: Mapping[str, Entry]) -> None:
        """Take over what is stored, by key id."""
        records, foreign = {}, 0
        for key_id, entry in entries.items():
            try:
                record = KeyRecord.model_validate_json(entry.value)
            except ValidationError:
                log.error("the stored key %s cannot be read by this version: it opens nothing", key_id)
                continue
            foreign += record.pepper not in self._pepper.fingerprints
            records[record.digest] = record
        if foreign:
            log.warning(
                "%d of %d keys were made under another VIGIL_SECRET_KEY and open nothing here",
                foreign, len(records),
            )  # fmt: skip
        self._records, self.loaded = records, True

    def take_used(self) -> dict[str, datetime]:
        """When each key was last used since the previous call."""
        used, self._used = self._used, {}
        return used

    def put_back(self, used: Mapping[str, datetime]) -> None:
        """What was taken and could not be written down."""
        self._used = {**used, **self._used}
