"""From the verdicts on the texts of a document to the document that may pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.chat.judge import Judge, Spoken
from app.chat.places import Path, Place, written
from app.errors import VigilError
from app.schemas.decision import Decision
from app.schemas.verdict import Verdict


class Blocked(VigilError):  # noqa: N818 - reads as the state it reports
    """Nothing of the document may pass. The message names the reason and never the text."""

    def __init__(self, verdict: Verdict, why: str = "") -> None:
        named = ", ".join(verdict.categories) or ("personal data" if verdict.pii_detected else "its policy")
        super().__init__(f"blocked by Vigil: {named}{'; ' if why else ''}{why}")
        self.verdict = verdict


@dataclass(frozen=True)
class Passed:
    """What may pass, and whether it is what came."""

    document: Any
    changed: bool


async def guarded(document: Any, found: Sequence[Place], judge: Judge) -> Passed:
    """The document with its sanitized texts in place of the originals; `found` are its places.

    Raises:
        Blocked: one of its texts is, or a text that had to be replaced cannot be.
    """
    texts = replacements(found, await judge({place.spoken for place in found}))
    return Passed(written(document, texts), bool(texts))


def replacements(found: Sequence[Place], verdicts: Mapping[Spoken, Verdict]) -> dict[Path, str | None]:
    """The sanitized texts by place; None for what goes.

    Raises:
        Blocked: as above.
    """
    texts: dict[Path, str | None] = {}
    for place in found:
        verdict = verdicts[place.spoken]
        if verdict.decision is Decision.ALLOW:
            continue
        clean = sanitized(verdict)
        if place.path is None:
            raise Blocked(verdict, "the name of a field or a file cannot be sanitized")
        texts |= place.edits(clean)
    return texts


def sanitized(verdict: Verdict) -> str:
    """The clean text of a verdict that is not ALLOW.

    Raises:
        Blocked: there is none, whatever the decision says.
    """
    if verdict.decision is not Decision.SANITIZE:
        raise Blocked(verdict)
    if verdict.sanitized_text is None:
        raise Blocked(verdict, "there is no sanitized text")
    return verdict.sanitized_text
