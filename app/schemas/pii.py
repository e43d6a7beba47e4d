"""The messages on `vigil.pii.detect` and `vigil.pii.result`."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Message
from app.schemas.decision import Ruling
from app.schemas.detection import Detection
from app.schemas.guard import GuardRequest
from app.schemas.timing import Timings


class Language(StrEnum):
    """What the language detector tells apart."""

    POLISH = "pl"
    ENGLISH = "en"
    OTHER = "other"


class Operator(StrEnum):
    """What is done to a found value."""

    REPLACE = "replace"
    MASK = "mask"
    HASH = "hash"
    DROP = "drop"


class Entity(Message):
    """Personal data in the original text. Types carry Presidio's names; offsets are code points, half-open."""

    type: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    score: float = Field(ge=0, le=1)


class Findings(Message):
    """What the PII engine found: entities without overlap, by position, and how to mask them.

    `masks` cover at least every character of every candidate, so that no remainder of a losing
    wider candidate leaks; each carries the placeholder that stands in its place.
    """

    language: Language = Language.OTHER
    entities: tuple[Entity, ...] = ()
    masks: tuple["Mask", ...] = ()


class Mask(Message):
    """A replacement of a span of the original text.

    `restorable`: the replacement stands for this one written form and for no other in the text, so that it can be
    turned back.
    """

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    replacement: str
    restorable: bool = False


class PiiRequest(Message):
    """A judged text on its way to redaction. `answered`: the client already has its BLOCK."""

    request: GuardRequest
    detection: Detection
    ruling: Ruling
    answered: bool = False
    timings: Timings = Timings()


class PiiResult(PiiRequest):
    """The same with what the PII engine found."""

    findings: Findings
