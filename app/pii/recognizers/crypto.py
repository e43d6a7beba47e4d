"""Addresses of cryptocurrency wallets."""

import re
from collections.abc import Iterator
from hashlib import sha256

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_LEGACY = re.compile(rf"(?<![0-9A-Za-z])[13LMDT][{_BASE58}]{{25,34}}(?![0-9A-Za-z])")
_SEGWIT = re.compile(rf"(?<![0-9a-z])(bc|tb|ltc)1([{_BECH32}]{{11,71}})(?![0-9a-z])", re.IGNORECASE)
_ETHEREUM = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
# Version bytes: Bitcoin 0 and 5, Litecoin 48 and 50, Dogecoin 30, Tron 65.
_VERSIONS = frozenset((0, 5, 48, 50, 30, 65))


def is_base58check(written: str) -> bool:
    """True when the last four bytes are the double SHA-256 of the others (Bitcoin wiki, "Base58Check encoding")."""
    value = 0
    for sign in written:
        value = value * 58 + _BASE58.index(sign)
    raw = value.to_bytes(26, "big")[-25:] if value.bit_length() <= 200 else b"\xff"
    return raw[0] in _VERSIONS and sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def is_bech32(prefix: str, data: str) -> bool:
    """True when the BCH code of BIP 173 (bech32) or BIP 350 (bech32m) holds."""
    values = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    values += [_BECH32.index(sign) for sign in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check in (1, 0x2BC830A3)


class CryptoRecognizer(Recognizer):
    """Bitcoin, Litecoin, Dogecoin and Tron by their checks, Ethereum by its shape."""

    supported_entities = ("CRYPTO",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Ethereum's check needs Keccak-256, which the standard library lacks: 40 hexadecimal digits after 0x do."""
        if not document.has_long_token:
            return
        for match in _LEGACY.finditer(document.text):
            if is_base58check(match.group()):
                yield RecognizerResult("CRYPTO", match.start(), match.end(), 1.0)
        for match in _SEGWIT.finditer(document.text):
            one_case = match.group().islower() or match.group().isupper()
            if one_case and is_bech32(match.group(1).lower(), match.group(2).lower()):
                yield RecognizerResult("CRYPTO", match.start(), match.end(), 1.0)
        for match in _ETHEREUM.finditer(document.text):
            yield RecognizerResult("CRYPTO", match.start(), match.end(), 0.85)
