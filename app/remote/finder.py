"""The remote counterpart of `PiiEngine.analyze`: two services, or one and the embedded other half."""

import logging
from collections.abc import Mapping

from app.errors import RemoteFailed
from app.offload import offload
from app.pii import language
from app.pii.engine import PiiEngine, conclude
from app.pii.redaction import NOTHING, Redaction
from app.remote.language.client import LanguageClient
from app.remote.pii.client import PiiClient
from app.schemas.guard import Mode
from app.schemas.pii import Findings, Language

log = logging.getLogger("vigil.pii")


class Finder:
    """Finds personal data with whatever engines the settings name.

    A failing PII service fails the attempt, so that the message is tried again and no text passes unredacted. A
    failing language service does not: the language is reported and hides nothing, so the embedded detector answers.

    Args:
        engine: the embedded engine, or the service that stands in for it.
        redaction: how a service's findings are hidden; an engine knows by itself.
        detector: the language service, None for the embedded detector.
    """

    def __init__(
        self, engine: PiiEngine | PiiClient, redaction: Redaction, detector: LanguageClient | None = None
    ) -> None:
        self._engine = engine
        self._redaction = redaction
        self._detector = detector

    async def analyze(
        self, text: str, mode: Mode = Mode.FULL, known: Mapping[str, str] = NOTHING
    ) -> Findings:
        """Entities and masks of `text`; the embedded engine works off the event loop.

        `known` are values that have a placeholder already.

        Raises:
            RemoteFailed: the PII service gave no usable answer.
        """
        if isinstance(self._engine, PiiEngine):
            findings = await offload(self._engine.analyze, text, mode, known)
            if self._detector is None:
                return findings
            return findings.model_copy(update={"language": await self._language(text)})
        candidates = await self._engine.candidates(text)
        return await offload(conclude, text, candidates, await self._language(text), self._redaction, known)

    async def _language(self, text: str) -> Language:
        if self._detector is not None:
            try:
                return await self._detector.detect(text)
            except RemoteFailed as failure:
                log.warning("%s; the embedded detector answers", failure)
        return language.detect(text)
