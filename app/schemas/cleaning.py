"""The messages on `vigil.detection.cleaning` and `vigil.arbiter.cleaned`: a sanitized text is judged once more."""

from pydantic import Field

from app.schemas.pii import PiiResult


class CleaningRequest(PiiResult):
    """A settled request with the text that its client would get."""

    draft: str


class CleaningResult(PiiResult):
    """The same with what may be passed on."""

    clean: str | None = Field(
        description="A text that scores as ALLOW; null when no such text worth sending is left."
    )
