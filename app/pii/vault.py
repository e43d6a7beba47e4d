"""What redacted values look like at rest: one sealed entry a request, readable by its client only. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.sealing import Sealer

PURPOSE = "vault"


class Entry(NamedTuple):
    """What the bucket holds: under a key that tells neither client nor request, bytes that tell nothing."""

    key: str
    sealed: bytes


class Vault:
    """Seals what placeholders stand for. Another client's request has another key and another context.

    Args:
        keys: of the deployment (`app.sealing.deployment_keys`).
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._sealer = Sealer(keys, PURPOSE)

    def seal(self, client_id: str, request_id: str, values: Mapping[str, str]) -> Entry:
        """The entry of one request."""
        plain = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return Entry(
            entry_key(client_id, request_id), self._sealer.seal(plain, _context(client_id, request_id))
        )

    def open(self, client_id: str, request_id: str, sealed: bytes) -> dict[str, str]:
        """What the placeholders of this request stand for.

        Raises:
            SealBroken: the entry is another client's or another request's, or its key is gone.
        """
        plain = self._sealer.open(sealed, _context(client_id, request_id))
        values: dict[str, str] = json.loads(plain.decode("utf-8", "surrogatepass"))
        return values


def entry_key(client_id: str, request_id: str) -> str:
    """The key of a request's entry: 64 hexadecimal digits."""
    return hashlib.sha256(_context(client_id, request_id).encode()).hexdigest()


def _context(client_id: str, request_id: str) -> str:
    return json.dumps([client_id, request_id])
