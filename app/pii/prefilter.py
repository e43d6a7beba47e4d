"""A cheap proof that a text holds no personal data of a kind that we can find. Pure."""

import re

from app.pii.document import Document
from app.pii.recognizers.person import PersonRecognizer
from app.pii.recognizers.secret import PREFIXES
from app.pii.shadow import cast

_DIGIT_OR_AT = re.compile(r"[\d@]")
_NAMES = PersonRecognizer()


def may_contain_pii(text: str) -> bool:
    """False only when `PiiEngine` finds nothing: no digit, no '@', no colon pair, no secret prefix, no name."""
    shadow = cast(text).text
    if _DIGIT_OR_AT.search(shadow) or "://" in shadow or "::" in shadow or _colons(shadow):
        return True
    if any(prefix in shadow for prefix in PREFIXES):
        return True
    return next(_NAMES.find(Document(shadow)), None) is not None


def _colons(text: str) -> bool:
    # An IPv6 address may be all letters: fe:dc:ba:fe:dc:ba:fe:dc.
    return text.count(":") > 5
