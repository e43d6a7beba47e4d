"""Addresses of hosts: IPv4 and IPv6."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from app.pii.document import Document
from app.pii.label import Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(rf"(?<![\w.\-])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w\-]|\.[0-9])")
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![\w:])"
)
# Every host has these: they say nothing about anyone.
_NOBODY = frozenset(("0.0.0.0", "127.0.0.1", "255.255.255.255", "255.255.255.0", "::1"))  # noqa: S104 - no bind


class IpRecognizer(Recognizer):
    """Dotted quads that are no version or section number, and IPv6 in every notation of RFC 4291."""

    supported_entities = ("IP_ADDRESS",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Loopback, unspecified and broadcast addresses are left alone."""
        if document.text.count(".") >= 3:
            for match in _V4.finditer(document.text):
                versioned = document.label(*match.span()) is Label.VERSION
                if match.group() not in _NOBODY and not versioned:
                    yield RecognizerResult("IP_ADDRESS", match.start(), match.end(), 0.9)
        if document.text.count(":") >= 2:
            for match in _V6.finditer(document.folded):
                if match.group() not in _NOBODY and _is_v6(match.group()):
                    yield RecognizerResult("IP_ADDRESS", match.start(), match.end(), 0.9)


def _is_v6(written: str) -> bool:
    if not any(sign.isdigit() for sign in written) or (written.endswith(":") and not written.endswith("::")):
        return False
    if written.count(":") < 3 and len(written) < 8:
        return False
    try:
        IPv6Address(written)
    except AddressValueError:
        return False
    return True
