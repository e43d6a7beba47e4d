"""E-mail addresses, IP addresses, credentials in URLs."""

import ipaddress
import re
from collections.abc import Iterator

from app.pii.document import Document, Label
from app.pii.recognizers.base import Recognizer, RecognizerResult

# Bounded repeats (RFC 5321 lengths) and an anchor on '@' keep the scan linear on hostile input.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00c0-\u024f]{1,64}$")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\-\u00c0-\u024f]{0,61}[A-Za-z0-9\u00c0-\u024f])?\.){1,8}[A-Za-z]{2,24}"
)
_NOT_LOCAL_START = "!#$%&'*+/=?^`{|}~.-"
# `git@host:path` is an address of a repository, not of a person.
_SERVICE_USERS = frozenset({"git", "hg", "svn"})

_IPV4 = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?![\w]|\.[0-9])"
)
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:.]{0,44}:[0-9A-Fa-f:.]{0,44}:)[0-9A-Fa-f:]{2,39}(?:\.[0-9.]{5,11})?(?![\w:])"
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/@:]{1,64}:[^\s/@]{1,128}(?=@)")


class EmailRecognizer(Recognizer):
    """Addresses as people write them (RFC 5322 dot-atom), Polish letters included."""

    supported_entities = ("EMAIL_ADDRESS",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Around each '@'."""
        text = document.text
        position = text.find("@")
        while position >= 0:
            local = _LOCAL.search(text, max(0, position - 64), position)
            domain = _DOMAIN.match(text, position + 1)
            if local and domain:
                start = local.start()
                while start < position and text[start] in _NOT_LOCAL_START:
                    start += 1
                repository = (
                    text[start:position].lower() in _SERVICE_USERS
                    and text[domain.end() : domain.end() + 1] == ":"
                )
                if start < position and not repository:
                    yield RecognizerResult("EMAIL_ADDRESS", start, domain.end(), 1.0)
            position = text.find("@", position + 1)


class IpRecognizer(Recognizer):
    """IPv4 and IPv6 addresses. A version or section number of four parts is not one."""

    supported_entities = ("IP_ADDRESS",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Both kinds; unspecified and malformed ones are left out."""
        for match in _IPV4.finditer(document.text):
            small = all(int(part) < 20 for part in match.group().split("."))
            label = document.label(match.start(), match.end())
            if label is not Label.VERSION and not (small and label is Label.REFERENCE):
                yield RecognizerResult("IP_ADDRESS", match.start(), match.end(), 0.9)
        for match in _IPV6.finditer(document.text):
            written = match.group()
            if len(written) < 4 or not _is_ipv6(written):
                continue
            yield RecognizerResult("IP_ADDRESS", match.start(), match.end(), 0.9)


class UrlCredentialsRecognizer(Recognizer):
    """`user:password` in a URL (RFC 3986, 3.2.1)."""

    supported_entities = ("URL_CREDENTIALS",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Between `://` and '@'."""
        for match in _URL_CREDENTIALS.finditer(document.text):
            yield RecognizerResult("URL_CREDENTIALS", match.start(), match.end(), 1.0)


def _is_ipv6(written: str) -> bool:
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    return True
