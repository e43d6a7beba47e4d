"""One pass over a text: every recognizer, then resolution, then masks."""

import re
from collections.abc import Sequence

from app.pii import language, names
from app.pii.document import Document
from app.pii.recognizers.base import EntityRecognizer, Recognizer, RecognizerResult
from app.pii.recognizers.card import CardRecognizer
from app.pii.recognizers.crypto import CryptoRecognizer
from app.pii.recognizers.date_of_birth import DateOfBirthRecognizer
from app.pii.recognizers.email_address import EmailRecognizer
from app.pii.recognizers.iban import IbanRecognizer
from app.pii.recognizers.identity_card import IdentityCardRecognizer
from app.pii.recognizers.ip_address import IpRecognizer
from app.pii.recognizers.krs import KrsRecognizer
from app.pii.recognizers.nip import NipRecognizer
from app.pii.recognizers.passport import PassportRecognizer
from app.pii.recognizers.person import PersonRecognizer
from app.pii.recognizers.pesel import PeselRecognizer
from app.pii.recognizers.phone import PhoneRecognizer
from app.pii.recognizers.postal_address import PostalAddressRecognizer
from app.pii.recognizers.regon import RegonRecognizer
from app.pii.recognizers.secret import SecretRecognizer
from app.pii.recognizers.uk_nhs import UkNhsRecognizer
from app.pii.recognizers.url_credentials import UrlCredentialsRecognizer
from app.pii.recognizers.us_ssn import UsSsnRecognizer
from app.pii.recognizers.vehicle_registration import VehicleRegistrationRecognizer
from app.pii.redaction import masks_for
from app.pii.resolution import mask_spans, resolve
from app.pii.shadow import cast
from app.schemas.guard import Mode
from app.schemas.pii import Entity, Findings

# Shorter values are common words and house numbers as often as they are the value.
MIN_REPEAT = 6


def recognizers() -> tuple[Recognizer, ...]:
    """The built-in recognizers."""
    return (
        PeselRecognizer(), NipRecognizer(), RegonRecognizer(), KrsRecognizer(), IdentityCardRecognizer(),
        PassportRecognizer(), IbanRecognizer(), CardRecognizer(), PhoneRecognizer(), EmailRecognizer(),
        IpRecognizer(), UrlCredentialsRecognizer(), SecretRecognizer(), CryptoRecognizer(), UsSsnRecognizer(),
        UkNhsRecognizer(), DateOfBirthRecognizer(), PostalAddressRecognizer(), VehicleRegistrationRecognizer(),
        PersonRecognizer(),
    )  # fmt: skip


class PiiEngine:
    """Finds personal data. Thread-safe: a call keeps nothing.

    Args:
        extra: further recognizers on Presidio's interface; their offsets refer to the text they are given.
    """

    def __init__(self, extra: Sequence[EntityRecognizer] = ()) -> None:
        self._recognizers: tuple[EntityRecognizer | Recognizer, ...] = (*recognizers(), *extra)
        language.load()
        names.lists()

    def analyze(self, text: str, mode: Mode = Mode.FULL) -> Findings:  # noqa: ARG002 - both modes run the same yet
        """Entities of `text` with offsets in its code points, and the masks that hide them."""
        shadow = cast(text)
        document = Document(shadow.text)
        candidates = [
            RecognizerResult(found.entity_type, *shadow.original(found.start, found.end), found.score)
            for recognizer in self._recognizers
            for found in recognizer.analyze(shadow.text, None, document)
        ]
        candidates += _repeats(text, resolve(candidates))
        entities = resolve(candidates)
        return Findings(
            language=language.detect(text),
            entities=tuple(entities),
            masks=masks_for(text, mask_spans(entities, candidates)),
        )


def _repeats(text: str, entities: Sequence[Entity]) -> list[RecognizerResult]:
    """Other places of the same values: a number that is named once and repeated bare is the same number."""
    named = {
        text[entity.start : entity.end]: entity
        for entity in entities
        if entity.end - entity.start >= MIN_REPEAT
    }
    if not named:
        return []
    values = re.compile("|".join(map(re.escape, sorted(named, key=len, reverse=True))))
    return [
        RecognizerResult(named[match.group()].type, match.start(), match.end(), named[match.group()].score)
        for match in values.finditer(text)
        if not (
            text[match.start() - 1 : match.start()].isalnum() or text[match.end() : match.end() + 1].isalnum()
        )
    ]
