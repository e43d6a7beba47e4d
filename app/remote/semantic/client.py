"""Asks a service for branch B's view of a text."""

from time import perf_counter

from app.remote.branches import BranchAnswer, result
from app.remote.semantic.contract import AnalyzeRequest
from app.remote.service import Service
from app.schemas.detection import BranchName, BranchResult


class SemanticClient:
    """A service under the contract of `app.remote.semantic.contract`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def ask(self, text: str) -> BranchResult:
        """Judge the whole text.

        Raises:
            RemoteFailed: no usable answer; 429 and 503 are no answers.
        """
        started = perf_counter()
        answer = await self._service.ask("/analyze", AnalyzeRequest(text=text), BranchAnswer)
        return result(BranchName.SEMANTIC, text, answer, started)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()
