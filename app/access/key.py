"""API keys: `vk_test_` or `vk_live_`, 33 random base62 characters, 6 of checksum.

The checksum is the CRC-32 of what precedes it, so that a mistyped or truncated key, and one that a secret
scanner finds, is told from a real one without asking anybody.
"""

import hmac
import re
import secrets
import string
import zlib
from enum import StrEnum

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARS = 33
CHECKSUM_CHARS = 6
_SHAPE = re.compile(rf"vk_(live|test)_[0-9A-Za-z]{{{RANDOM_CHARS + CHECKSUM_CHARS},}}")

# The predecessor's keys begin with `vg_`.
_ANYWHERE = re.compile(r"(v[gk]_(?:live|test)_)[0-9A-Za-z]+")


class Environment(StrEnum):
    """What a key is for; it stands in the key, so that a test key in production is seen at a glance."""

    LIVE = "live"
    TEST = "test"


def random_base62(length: int) -> str:
    """`length` characters of the system's randomness, 5.95 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_key(environment: Environment = Environment.TEST) -> str:
    """A fresh key; 196 random bits, so its digest needs no slow hash."""
    stem = f"vk_{environment}_{random_base62(RANDOM_CHARS)}"
    return stem + _checksum(stem)


def well_formed(key: str) -> bool:
    """Whether shape and checksum are right. Says nothing about whether the key is known."""
    return bool(_SHAPE.fullmatch(key)) and hmac.compare_digest(
        key[-CHECKSUM_CHARS:], _checksum(key[:-CHECKSUM_CHARS])
    )


def hint(key: str) -> str:
    """What a list of keys shows: kind and last four characters."""
    return f"{key[: key.rindex('_') + 1]}...{key[-4:]}"


def masked(text: str) -> str:
    """`text` without the secret part of whatever looks like a key in it: paths and names of fields are repeated."""
    return _ANYWHERE.sub(lambda match: f"{match.group(1)}...", text)


def _checksum(stem: str) -> str:
    number = zlib.crc32(stem.encode())
    characters = []
    for _ in range(CHECKSUM_CHARS):
        number, rest = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[rest])
    return "".join(reversed(characters))
