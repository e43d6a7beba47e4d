"""The deployment's secret that turns a key into what is stored of it."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import SettingsError

MIN_CHARS = 32


@dataclass(frozen=True, repr=False)
class Pepper:
    """Keyed digests: whoever reads the bucket, without the pepper, can test no guess."""

    secret: bytes

    def digest(self, key: str) -> str:
        """HMAC-SHA256 of the key, 64 hexadecimal digits."""
        return hmac.new(self.secret, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Tells one pepper from another: a key made with another pepper cannot be recognised here."""
        return hmac.new(self.secret, b"vigil pepper fingerprint", hashlib.sha256).hexdigest()[:12]


def load_pepper(folder: Path, configured: str | None) -> Pepper:
    """VIGIL_KEY_PEPPER, else the file `key-pepper` in the data folder, made on the first call.

    Several machines that share keys need the same one: set VIGIL_KEY_PEPPER there.

    Raises:
        SettingsError: it is too short to keep a secret.
    """
    text = configured or kept_secret(folder / "key-pepper", lambda: secrets.token_hex(32))
    if len(text) < MIN_CHARS:
        raise SettingsError(
            f"VIGIL_KEY_PEPPER has {len(text)} characters: set at least {MIN_CHARS} random ones"
        )
    return Pepper(text.encode())


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """The line in `file`, made when missing. Readable by its owner only; the first of two makers wins."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(make() + "\n")
        with suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
    return file.read_text(encoding="ascii").strip()
