"""User and password inside a URL."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

_USERINFO = re.compile(r"[^\s/:@\"'<>]{0,128}:[^\s/\"'<>]{1,256}(?=@[^\s@])")


class UrlCredentialsRecognizer(Recognizer):
    """The part between `://` and `@` when it holds a password (RFC 3986, 3.2.1)."""

    supported_entities = ("URL_CREDENTIALS",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """The scheme and the host stay readable."""
        text = document.text
        at = text.find("://")
        while at >= 0:
            match = _USERINFO.match(text, at + 3)
            if match is not None:
                yield RecognizerResult("URL_CREDENTIALS", match.start(), match.end(), 0.97)
            at = text.find("://", at + 3)
