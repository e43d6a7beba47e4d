"""API keys: `vk_test_` or `vk_live_`, 33 random base62 characters, 6 of checksum.

The checksum is the CRC-32 of what precedes it, so that a mistyped or truncated key, and one that a secret
scanner finds, is told from a real one without asking anybody.
"""

import hashlib
import hmac
import os
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from pathlib import Path

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARS = 33
CHECKSUM_CHARS = 6
_SHAPE = re.compile(rf"vk_(live|test)_[0-9A-Za-z]{{{RANDOM_CHARS + CHECKSUM_CHARS},}}")


@dataclass(frozen=True)
class Client:
    """Who asks."""

    client_id: str


def new_key(environment: str = "test") -> str:
    """A fresh key; 192 random bits, so its digest needs no slow hash."""
    stem = f"vk_{environment}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARS))
    return stem + _checksum(stem)


def well_formed(key: str) -> bool:
    """Whether shape and checksum are right. Says nothing about whether the key is known."""
    return bool(_SHAPE.fullmatch(key)) and hmac.compare_digest(
        key[-CHECKSUM_CHARS:], _checksum(key[:-CHECKSUM_CHARS])
    )


def digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def development_key(file: Path) -> str:
    """The key in `file`, made on the first call. Readable by its owner only."""
    if file.exists():
        return file.read_text(encoding="ascii").strip()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = new_key()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key + "\n")
    return key


class KeyRing:
    """The keys that this process accepts, by digest."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self._clients = clients

    def client(self, key: str) -> Client | None:
        """Whose key it is, None when nobody's. Takes as long for an almost right key as for a wrong one."""
        presented = digest(key)
        found = None
        for known, client in self._clients.items():
            if hmac.compare_digest(known, presented):
                found = client
        return found if well_formed(key) else None


def _checksum(stem: str) -> str:
    number = zlib.crc32(stem.encode())
    characters = []
    for _ in range(CHECKSUM_CHARS):
        number, rest = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[rest])
    return "".join(reversed(characters))
