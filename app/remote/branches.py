"""What the three branches' services have in common: levels, evidence, and the way from an answer to a result.

The predecessor's services say neither where nor, in most cases, of what kind an attack is. Ours add two fields,
`categories` and `evidence`, which its clients ignore; theirs are read without them.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from app.schemas.detection import BranchName, BranchResult, Evidence

MAX_CHARS = 100_000
# The predecessor's levels: MEDIUM from 40, HIGH from 70.
MEDIUM, HIGH = 40, 70


class Question(BaseModel):
    """One text: all that a client of ours asks."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]


class RemoteEvidence(BaseModel):
    """A span of the text that was sent, in code points, half-open."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    category: str
    score: float = Field(ge=0, le=100)
    rule: str | None = None


class BranchAnswer(BaseModel):
    """What the client reads of an answer of branch A or B."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    score: float = Field(ge=0, le=100)
    degraded: bool = False
    reason: str | None = None
    categories: list[str] = []
    evidence: list[RemoteEvidence] = []


def level(score: float) -> str:
    """A score in the predecessor's words."""
    return "HIGH" if score >= HIGH else "MEDIUM" if score >= MEDIUM else "LOW"


def result(branch: BranchName, text: str, answer: BranchAnswer, started: float) -> BranchResult:
    """An answer as a branch's result. A degraded answer keeps no score: nobody has judged the text.

    Evidence outside `text` is left out: it cannot be of the text that was sent.
    """
    if answer.degraded:
        return BranchResult(
            branch=branch, score=0.0, degraded=True, reason="the service says that it is degraded",
            latency_ms=_since(started),
        )  # fmt: skip
    return BranchResult(
        branch=branch,
        score=answer.score,
        categories=tuple(answer.categories),
        evidence=tuple(
            Evidence(branch=branch, **dict(item))
            for item in answer.evidence
            if item.start < item.end <= len(text)
        ),
        latency_ms=_since(started),
    )


def extension(found: BranchResult) -> dict[str, Any]:
    """The fields that our services add to the predecessor's."""
    return {
        "categories": list(found.categories),
        "evidence": [item.model_dump(mode="json", exclude={"branch"}) for item in found.evidence],
    }


def explanations(found: BranchResult) -> list[str]:
    """At most ten short sentences; none quotes the text."""
    strongest = sorted(found.evidence, key=lambda item: -item.score)
    said = [
        f"{item.rule or item.category} at {item.start}-{item.end} scores {item.score:g}" for item in strongest
    ]
    return list(dict.fromkeys(said))[:10]


class Counters:
    """What the predecessor's `GET /metrics` shows: of the last 100 requests."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._total = 0
        self._recent: list[float] = []

    async def measure(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Count a request to judge a text. For `app.middleware("http")`."""
        if request.method != "POST":
            return await call_next(request)
        started = perf_counter()
        response = await call_next(request)
        self._total += 1
        self._recent = [*self._recent[-99:], _since(started)]
        return response

    def page(self) -> JSONResponse:
        """The page."""
        ordered = sorted(self._recent) or [0.0]
        return JSONResponse(
            {
                "requests_total": self._total,
                "latency_p95": ordered[int(0.95 * (len(ordered) - 1))],
                "degraded_rate": 0.0,
                "uptime_seconds": round(perf_counter() - self._started),
            }
        )


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 3)
