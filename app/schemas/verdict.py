"""The answer: what the client gets."""

from pydantic import Field

from app.schemas.base import Message
from app.schemas.decision import Decision, Floor
from app.schemas.detection import BranchName, BranchResult, Evidence
from app.schemas.pii import Entity, Language, Mask
from app.schemas.policy import FailMode
from app.schemas.timing import Timings


class DecisionProcess(Message):
    """Why the verdict is what it is."""

    branches: tuple[BranchResult, ...]
    weights: dict[BranchName, float]
    weighted_score: float
    combined_score: float | None = Field(
        default=None, description="The threat score where every branch gave a sound answer."
    )
    floors: tuple[Floor, ...]
    degraded: tuple[BranchName, ...]
    evidence: tuple[Evidence, ...]
    entities: tuple[Entity, ...] = ()
    masks: tuple[Mask, ...] = Field(default=(), description="What stands in the place of personal data.")
    language: Language | None = None
    timings: Timings


class Verdict(Message):
    """The decision on one text. `pii_detected` is None when BLOCK came before the search for PII."""

    request_id: str
    decision: Decision
    threat_score: float = Field(ge=0, le=100)
    categories: tuple[str, ...] = ()
    degraded: tuple[BranchName, ...] = ()
    pii_detected: bool | None = None
    sanitized_text: str | None = Field(default=None, description="Present exactly with SANITIZE.")
    decision_process: DecisionProcess | None = None
    fail_mode: FailMode = Field(
        default=FailMode.CLOSED, description="What a text gets that nobody could judge: BLOCK, or ALLOW."
    )
    failed: bool = Field(default=False, description="Nobody could judge it: `fail_mode` decided.")
    shadow_decision: Decision | None = Field(
        default=None, description="In shadow mode: what the decision would have been."
    )
    policy_version: int = Field(default=0, description="Version of the client's policy; 0: it has none.")

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better: somebody has judged the text."""
        return not self.failed
