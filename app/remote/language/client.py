"""Asks a service for the language of a text."""

from app.pii.language import SAMPLE_CHARS
from app.remote.language.contract import MIN_CHARS, DetectRequest, DetectResponse
from app.remote.service import Service
from app.schemas.pii import Language

_OURS = {language.value: language for language in Language}


class LanguageClient:
    """A service under the contract of `app.remote.language.contract`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def detect(self, text: str) -> Language:
        """Polish, English or another one; a text too short for the service is OTHER.

        Raises:
            RemoteFailed: no usable answer.
        """
        sample = text[:SAMPLE_CHARS]
        if len(sample.strip()) < MIN_CHARS:
            return Language.OTHER
        answer = await self._service.ask("/detect", DetectRequest(text=sample), DetectResponse)
        return _OURS.get(answer.language, Language.OTHER)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()
