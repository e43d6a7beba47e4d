"""Asks a service for branch A's or B's view of a text: both answer `POST /analyze` alike."""

from time import perf_counter

from app.remote.branches import BranchAnswer, Question, result
from app.remote.service import Service
from app.schemas.detection import BranchName, BranchResult


class AnalyzeClient:
    """A service under the contract of `app.remote.heuristics.contract` or `app.remote.semantic.contract`."""

    def __init__(self, branch: BranchName, service: Service) -> None:
        self._branch = branch
        self._service = service

    async def ask(self, text: str) -> BranchResult:
        """Judge the whole text.

        Raises:
            RemoteFailed: no usable answer; 429 and 503 are no answers.
        """
        started = perf_counter()
        answer = await self._service.ask("/analyze", Question(text=text), BranchAnswer)
        return result(self._branch, text, answer, started)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()
