"""One pass over a text: every recognizer, then resolution, then masks."""

from collections.abc import Sequence

from app.pii import language
from app.pii.document import Document
from app.pii.recognizers import person
from app.pii.recognizers.base import EntityRecognizer, RecognizerResult
from app.pii.recognizers.card import CardRecognizer
from app.pii.recognizers.contact import EmailRecognizer, IpRecognizer, UrlCredentialsRecognizer
from app.pii.recognizers.iban import IbanRecognizer
from app.pii.recognizers.identity_card import IdentityCardRecognizer
from app.pii.recognizers.krs import KrsRecognizer
from app.pii.recognizers.nip import NipRecognizer
from app.pii.recognizers.passport import PassportRecognizer
from app.pii.recognizers.person import PersonRecognizer
from app.pii.recognizers.pesel import PeselRecognizer
from app.pii.recognizers.phone import PhoneRecognizer
from app.pii.recognizers.regon import RegonRecognizer
from app.pii.recognizers.secret import SecretRecognizer
from app.pii.recognizers.uk_nhs import UkNhsRecognizer
from app.pii.recognizers.us_ssn import UsSsnRecognizer
from app.pii.redaction import masks_for
from app.pii.resolution import mask_spans, resolve
from app.pii.shadow import cast
from app.schemas.guard import Mode
from app.schemas.pii import Findings


def recognizers() -> tuple[EntityRecognizer, ...]:
    """The built-in recognizers."""
    return (
        PeselRecognizer(), NipRecognizer(), RegonRecognizer(), KrsRecognizer(), IdentityCardRecognizer(),
        PassportRecognizer(), IbanRecognizer(), CardRecognizer(), PhoneRecognizer(), EmailRecognizer(),
        IpRecognizer(), UrlCredentialsRecognizer(), SecretRecognizer(), UsSsnRecognizer(), UkNhsRecognizer(),
        PersonRecognizer(),
    )  # fmt: skip


class PiiEngine:
    """Finds personal data. Thread-safe: a call keeps nothing.

    Args:
        extra: further recognizers on Presidio's interface; their offsets refer to the text they are given.
    """

    def __init__(self, extra: Sequence[EntityRecognizer] = ()) -> None:
        self._recognizers = (*recognizers(), *extra)
        language.load()
        person.load()

    def analyze(self, text: str, mode: Mode = Mode.FULL) -> Findings:  # noqa: ARG002 - both modes run the same yet
        """Entities of `text` with offsets in its code points, and the masks that hide them."""
        shadow = cast(text)
        document = Document(shadow.text)
        candidates = [
            RecognizerResult(found.entity_type, *shadow.original(found.start, found.end), found.score)
            for recognizer in self._recognizers
            for found in recognizer.analyze(shadow.text, None, document)
        ]
        entities = resolve(candidates)
        return Findings(
            language=language.detect(text),
            entities=tuple(entities),
            masks=masks_for(text, mask_spans(entities, candidates)),
        )
