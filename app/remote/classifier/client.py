"""Asks a service for branch C's view of a text."""

from time import perf_counter

from app.remote.branches import BranchAnswer, Question, result
from app.remote.classifier.contract import ATTACK_SCORE, DetectResponse
from app.remote.service import Service
from app.schemas.detection import BranchName, BranchResult


class ClassifierClient:
    """A service under the contract of `app.remote.classifier.contract`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def ask(self, text: str) -> BranchResult:
        """Judge the whole text.

        Raises:
            RemoteFailed: no usable answer; 503, the answer of a service without its model, is none.
        """
        started = perf_counter()
        answer = await self._service.ask("/detect", Question(text=text), DetectResponse)
        read = BranchAnswer(score=_score(answer), categories=answer.categories, evidence=answer.evidence)
        return result(BranchName.CLASSIFIER, text, read, started)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()


def _score(answer: DetectResponse) -> float:
    if answer.score is not None:
        return answer.score
    return ATTACK_SCORE if answer.is_attack else round(100 * answer.risk_score)
