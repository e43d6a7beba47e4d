"""One pass over a text: every recognizer, then resolution, then masks."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

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
from app.pii.redaction import NOTHING, REPLACE_ALL, Redaction, Trace, masks_for, redact
from app.pii.resolution import mask_spans, resolve
from app.pii.shadow import cast
from app.schemas.guard import Mode
from app.schemas.pii import Entity, Findings, Language

# Shorter values are common words and house numbers as often as they are the value.
MIN_REPEAT = 6
# A redacted text is searched again until nothing of a redacted type is left; the second time is nearly always the last.
MAX_RESCANS = 3


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
    """Finds personal data and says how to hide it. Thread-safe: a call keeps nothing.

    Args:
        extra: further recognizers on Presidio's interface; their offsets refer to the text they are given.
        redaction: how found values are hidden.
    """

    def __init__(self, extra: Sequence[EntityRecognizer] = (), redaction: Redaction = REPLACE_ALL) -> None:
        self._recognizers: tuple[EntityRecognizer | Recognizer, ...] = (*recognizers(), *extra)
        self._without_digits = tuple(
            one for one in self._recognizers if not (isinstance(one, Recognizer) and one.needs_digit)
        )
        self._redaction = redaction
        language.load()
        names.lists()

    @property
    def recognizers(self) -> list[tuple[str, str]]:
        """The name of each recognizer with each type that it finds."""
        return [
            (getattr(one, "name", type(one).__name__), kind)
            for one in self._recognizers
            for kind in one.supported_entities
        ]

    def analyze(
        self,
        text: str,
        mode: Mode = Mode.FULL,  # noqa: ARG002 - both modes run the same
        known: Mapping[str, str] = NOTHING,
    ) -> Findings:
        """Entities of `text` with offsets in its code points, and the masks that hide them.

        `known` are values that have a placeholder already.
        """
        candidates = self._candidates(text)
        candidates += _repeats(text, resolve(candidates))
        written_in = language.detect(text)
        findings = conclude(text, candidates, written_in, self._redaction, known)
        for _ in range(MAX_RESCANS if candidates else 0):
            further = self._uncovered(text, findings)
            if not further:
                break
            candidates += further
            findings = conclude(text, candidates, written_in, self._redaction, known)
        return findings

    def _candidates(self, text: str, types: Collection[str] = ()) -> list[RecognizerResult]:
        """Everything, or what the recognizers of some types find."""
        shadow = cast(text)
        return [
            RecognizerResult(found.entity_type, *shadow.original(found.start, found.end), found.score)
            for found in self._found(Document(shadow.text), types)
        ]

    def _uncovered(self, text: str, findings: Findings) -> list[RecognizerResult]:
        """What shows up only once its surroundings are redacted, as a number that a word now stands next to."""
        trace = Trace(findings.masks)
        types = {entity.type for entity in findings.entities}
        return [
            RecognizerResult(found.entity_type, *trace.original(found.start, found.end), found.score)
            for found in self._candidates(redact(text, findings.masks), types)
            if found.entity_type in types
        ]

    def _found(self, document: Document, types: Collection[str]) -> Iterator[RecognizerResult]:
        for recognizer in self._recognizers if document.has_digit else self._without_digits:
            if types and not any(kind in types for kind in recognizer.supported_entities):
                continue
            if isinstance(recognizer, Recognizer):
                yield from recognizer.find(document)
                continue
            for found in recognizer.analyze(document.text, list(recognizer.supported_entities), None):
                if not 0 <= found.start < found.end <= len(document.text):
                    name = type(recognizer).__name__
                    raise ValueError(
                        f"recognizer {name} gave the span {found.start}-{found.end}, which is none"
                    )
                yield RecognizerResult(found.entity_type, found.start, found.end, found.score)


def conclude(
    text: str,
    candidates: Sequence[RecognizerResult],
    written_in: Language,
    redaction: Redaction,
    known: Mapping[str, str] = NOTHING,
) -> Findings:
    """The findings of a text: winners among the candidates, and masks over all of them."""
    entities = resolve(candidates)
    return Findings(
        language=written_in,
        entities=tuple(entities),
        masks=masks_for(text, mask_spans(entities, candidates), redaction, known),
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
