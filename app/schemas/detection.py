"""What the branches found in a text."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Message


class BranchName(StrEnum):
    """The three branches: A, B and C of the brief."""

    HEURISTICS = "heuristics"
    SEMANTIC = "semantic"
    CLASSIFIER = "classifier"


class Evidence(Message):
    """A span of the original text that speaks for a category. Offsets are code points, half-open."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    category: str
    score: float = Field(ge=0, le=100)
    branch: BranchName
    rule: str | None = Field(default=None, description="The heuristic rule or exemplar that matched.")


class BranchResult(Message):
    """One branch's view of the whole text."""

    branch: BranchName
    score: float = Field(ge=0, le=100, description="0-100; 50 is reached by about 1 % of benign texts.")
    categories: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    degraded: bool = False
    reason: str | None = Field(default=None, description="Why the branch is degraded.")
    latency_ms: float = Field(default=0.0, ge=0)
    windows: int = Field(default=1, ge=1, description="Of how many windows the score is the highest.")


class Detection(Message):
    """The fused view. `weights` are those used, after degraded branches lost theirs; they sum to 1."""

    branches: tuple[BranchResult, ...]
    weights: dict[BranchName, float]
    weighted_score: float = Field(ge=0, le=100)
    combined_score: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How rare such branch scores are together among benign texts; None with a degraded branch.",
    )
    categories: tuple[str, ...] = ()
    degraded: tuple[BranchName, ...] = ()

    def branch(self, name: BranchName) -> BranchResult | None:
        """The result of one branch, None when the mode skipped it."""
        return next((result for result in self.branches if result.branch is name), None)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence, by position in the text."""
        found = [item for result in self.branches for item in result.evidence]
        return tuple(sorted(found, key=lambda item: (item.start, item.end)))

    @property
    def all_degraded(self) -> bool:
        """True when no branch gave a sound answer."""
        return len(self.degraded) == len(self.branches)
