"""E-mail addresses."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_LOCAL_SIGNS = frozenset(".!#$%&'*+-/=?^_`{|}~")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}(?:xn--[a-z0-9-]{2,40}|[^\W\d_]{2,24})(?![\w@])", re.IGNORECASE
)
_SENTENCE = re.compile(r"\.[A-ZĄĆĘŁŃÓŚŹŻ][^\W\d_]*$")


class EmailRecognizer(Recognizer):
    """Anything at a domain with a letters-only top level, non-ASCII letters included.

    The search is anchored on the sign @, so its time is linear; it asks no list of top-level domains,
    whose packaged form in Presidio tries the network at its first use.
    """

    supported_entities = ("EMAIL_ADDRESS",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Not `git@host`, `user@host:/path` or the password before the host of a URL."""
        text = document.text
        at = text.find("@")
        while at >= 0:
            result = self._around(text, at)
            if result is not None:
                yield result
            at = text.find("@", at + 1)

    def _around(self, text: str, at: int) -> RecognizerResult | None:
        start = at
        while (
            start
            and at - start < MAX_LOCAL
            and (text[start - 1].isalnum() or text[start - 1] in _LOCAL_SIGNS)
        ):
            start -= 1
        while start < at and not text[start].isalnum():
            start += 1
        domain = _DOMAIN.match(text, at + 1)
        if start == at or domain is None or text[start:at] == "git":
            return None
        end = domain.end()
        sentence = _SENTENCE.search(text, at, end)
        if sentence is not None and text[at + 1].islower() and "." in text[at + 1 : sentence.start()]:
            end = sentence.start()
        if text[end : end + 2] in (":/", ":~") or "://" in text[max(0, start - 3) : at]:
            return None
        if text[start - 1 : start] == ":" and "://" in text[max(0, start - MAX_LOCAL) : start]:
            return None
        return RecognizerResult("EMAIL_ADDRESS", start, end, 0.95)
