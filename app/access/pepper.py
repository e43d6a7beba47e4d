"""What is stored of a key: a digest under the deployment's key."""

import hashlib
import hmac
from collections.abc import Sequence

from app.sealing import deployment_keys, derive
from app.settings import Settings


class Pepper:
    """Keyed digests: whoever reads the bucket can test no guess without the deployment's key.

    Args:
        secrets: the first makes digests, all of them recognise; so the deployment's key can be changed.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    def digest(self, key: str) -> str:
        """HMAC-SHA256 of the key, 64 hexadecimal digits."""
        return _digest(self._secrets[0], key)

    def digests(self, key: str) -> list[str]:
        """The digests under which the key may be stored."""
        return [_digest(secret, key) for secret in self._secrets]

    @property
    def fingerprint(self) -> str:
        """Names the secret that makes digests: a key made with an unknown one cannot be recognised here."""
        return _fingerprint(self._secrets[0])

    @property
    def fingerprints(self) -> frozenset[str]:
        """Names of all secrets."""
        return frozenset(map(_fingerprint, self._secrets))


def load_pepper(settings: Settings) -> Pepper:
    """Derived from VIGIL_SECRET_KEY, or from the key in the data folder.

    Raises:
        SettingsError, StartError: there is no such key, and none can be made.
    """
    return Pepper([derive(key, "api-keys") for key in deployment_keys(settings)])


def _digest(secret: bytes, key: str) -> str:
    return hmac.new(secret, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _fingerprint(secret: bytes) -> str:
    return hmac.new(secret, b"fingerprint", hashlib.sha256).hexdigest()[:12]
