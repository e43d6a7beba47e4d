"""Asks a service for the personal data of a text of any length."""

import asyncio
from collections.abc import Iterator

from app.pii.recognizers.base import RecognizerResult
from app.remote.pii.contract import LANGUAGES, MAX_CHARS, AnalyzeRequest, AnalyzeResponse, RemoteEntity
from app.remote.service import Service
from app.text import Span

# Neighbouring chunks share this many code points: an entity across a cut is whole in one of them. The longest
# that anybody sends, an address over two lines, has about 150.
OVERLAP = 400


class PiiClient:
    """A service under the contract of `app.remote.pii.contract`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def candidates(self, text: str) -> list[RecognizerResult]:
        """What the service finds in Polish and in English, with offsets in `text`; may overlap.

        Raises:
            RemoteFailed: one of the calls failed. Half an answer would let the other half's data pass.
        """
        calls = [
            self._analyze(text[chunk.start : chunk.end], chunk.start, language)
            for chunk in chunks(len(text))
            if text[chunk.start : chunk.end].strip()
            for language in LANGUAGES
        ]
        return [found for answer in await asyncio.gather(*calls) for found in answer]

    async def _analyze(self, text: str, offset: int, language: str) -> list[RecognizerResult]:
        question = AnalyzeRequest(text=text, language=language)
        answer = await self._service.ask("/analyze", question, AnalyzeResponse)
        for entity in answer.entities:
            self._check(text, entity)
        return [
            RecognizerResult(entity.type, offset + entity.start, offset + entity.end, entity.score)
            for entity in answer.entities
        ]

    def _check(self, text: str, entity: RemoteEntity) -> None:
        inside = entity.start < entity.end <= len(text)
        if not inside or entity.text not in (None, text[entity.start : entity.end]):
            raise self._service.failure("its offsets are no code points of the text that was sent")

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()


def chunks(length: int, size: int = MAX_CHARS, overlap: int = OVERLAP) -> Iterator[Span]:
    """Spans of at most `size` that cover `length` code points, each with the last `overlap` of the one before."""
    start = 0
    while start + size < length:
        yield Span(start, start + size)
        start += size - overlap
    yield Span(start, length)
