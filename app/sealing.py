"""Bytes at rest under the deployment's key: AES-256-GCM, for what may be kept but not in the clear.

VIGIL_SECRET_KEY holds the key, 32 bytes as Base64 or 64 hexadecimal digits; every process of a deployment needs the
same. Without it the key lies in the data folder, made on first use. Several keys, separated by commas: the first seals,
all of them open; so a key is changed without losing what the old one sealed.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import SettingsError, StartError, VigilError
from app.settings import Settings

KEY_BYTES = 32
KEY_FILE = "secret-key"
_NAME_BYTES = 4
_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2.2: random nonces of 96 bits, up to 2^32 messages a key


class SealBroken(VigilError):  # noqa: N818
    """These bytes were not sealed by a key that is at hand, for this purpose and this context."""


class Sealer:
    """Seals and opens for one purpose. Keys of two purposes have nothing to do with each other (HKDF).

    Args:
        keys: of the deployment, 32 bytes each; the first seals.
        purpose: what for, as `event-text`.
    """

    def __init__(self, keys: Sequence[bytes], purpose: str) -> None:
        derived = [derive(key, purpose) for key in keys]
        self._first = _name(derived[0])
        self._ciphers = {_name(key): AESGCM(key) for key in derived}

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain`, encrypted: 4 bytes that name the key, 12 of nonce, the ciphertext, 16 of tag.

        Args:
            plain: what nobody else may read.
            context: where it belongs, as a request id; not hidden, but it opens nowhere else.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._first + nonce + self._ciphers[self._first].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed in this context.

        Raises:
            SealBroken: another key or context, or the bytes were changed.
        """
        name, rest = sealed[:_NAME_BYTES], sealed[_NAME_BYTES:]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealBroken("sealed with a key that VIGIL_SECRET_KEY does not hold")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken("what was sealed has been changed, or it belongs elsewhere") from None


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869), e.g. for keyed hashes."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"vigil:{purpose}".encode()).derive(key)


def deployment_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys of VIGIL_SECRET_KEY, or that of the data folder, made on the first call.

    Raises:
        SettingsError: VIGIL_SECRET_KEY is no key.
        StartError: the data folder cannot be read or written, or holds no key where one should be.
    """
    if settings.vigil_secret_key:
        return tuple(map(_parse, settings.vigil_secret_key.split(",")))
    return (_of_folder(settings.vigil_data_dir),)


def _parse(text: str) -> bytes:
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.urlsafe_b64decode(_url_safe(text))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            "VIGIL_SECRET_KEY is no key of 32 bytes: make one with `openssl rand -base64 32`, "
            "the same for every process"
        )
    return key


def _url_safe(text: str) -> str:
    text = text.replace("+", "-").replace("/", "_").rstrip("=")
    return text + "=" * (-len(text) % 4)


def _of_folder(folder: Path) -> bytes:
    file = folder / KEY_FILE
    try:
        if not file.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(file)
        key = base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}; or set VIGIL_SECRET_KEY") from None
    if len(key) != KEY_BYTES:
        raise StartError(f"{file} holds no key: restore it, or remove it to lose what it sealed")
    return key


def _make(file: Path) -> None:
    # Written aside and linked: of processes that start at once one wins, and none reads half a key.
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _name(key: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(key)
    return digest.finalize()[:_NAME_BYTES]
