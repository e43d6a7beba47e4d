"""What Vigil says about a text."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from vigil_stream.models.base import Answer


class Decision(StrEnum):
    """What to do with the text."""

    ALLOW = "ALLOW"
    SANITIZE = "SANITIZE"
    BLOCK = "BLOCK"


class Mode(StrEnum):
    """`full` asks all branches, `fast` skips the classifier."""

    FULL = "full"
    FAST = "fast"


class Direction(StrEnum):
    """`input`: on its way to a model. `output`: a model's answer."""

    INPUT = "input"
    OUTPUT = "output"


# A decision that only a newer server knows stays a plain string.
AnyDecision = Annotated[Decision | str, Field(union_mode="left_to_right")]


class Evidence(Answer):
    """A span of the text that speaks for a category: `text[start:end]`. The score is 0 to 100."""

    start: int
    end: int
    category: str = ""
    score: float = 0.0
    branch: str = ""
    rule: str | None = None


class Branch(Answer):
    """One branch's view of the whole text. The score is 0 to 100; a degraded branch says why in `reason`."""

    branch: str = ""
    score: float = 0.0
    categories: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    degraded: bool = False
    reason: str | None = None
    latency_ms: float = 0.0
    windows: int = 1


class Floor(Answer):
    """A minimum for the threat score that acted, with its reason."""

    name: str = ""
    minimum: float = 0.0
    reason: str = ""


class Entity(Answer):
    """Personal data in the text: `text[start:end]`. The score is 0 to 1."""

    type: str = ""
    start: int
    end: int
    score: float = 0.0


class Mask(Answer):
    """What stands in the place of `text[start:end]` where personal data is masked.

    `restorable`: it stands for this one written form only, so that it can be turned back.
    """

    start: int
    end: int
    replacement: str = ""
    restorable: bool = False


class Timings(Answer):
    """Milliseconds per stage; None for one that was skipped."""

    detection_ms: float | None = None
    decision_ms: float | None = None
    pii_ms: float | None = None
    settle_ms: float | None = None
    total_ms: float | None = None


class DecisionProcess(Answer):
    """Why the verdict is what it is."""

    branches: tuple[Branch, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    weighted_score: float = 0.0
    combined_score: float | None = None
    floors: tuple[Floor, ...] = ()
    degraded: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    entities: tuple[Entity, ...] = ()
    masks: tuple[Mask, ...] = ()
    language: str | None = None
    timings: Timings = Timings()


class Verdict(Answer):
    """The decision on one text.

    Attributes:
        request_id: names the request in the event log, and for feedback.
        decision: a `Decision`, or a string that only a newer server knows.
        threat_score: 0 to 100.
        categories: kinds of attack found.
        degraded: branches that could not be asked.
        pii_detected: None when BLOCK came before the search for personal data.
        sanitized_text: what may be passed on, with SANITIZE.
        decision_process: the reasons, when they were asked for.
        fail_mode: what a text gets that nobody could judge: `closed` is BLOCK, `open` is ALLOW.
        failed: nobody could judge this one; `fail_mode` decided.
        shadow_decision: in shadow mode, what the decision would have been.
        policy_version: of this client's policy; 0 without one.
    """

    request_id: str
    decision: AnyDecision
    threat_score: float
    categories: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    pii_detected: bool | None = None
    sanitized_text: str | None = None
    decision_process: DecisionProcess | None = None
    fail_mode: str = "closed"
    failed: bool = False
    shadow_decision: AnyDecision | None = None
    policy_version: int = 0

    @property
    def allowed(self) -> bool:
        """The text may be passed on as it is."""
        return self.decision == Decision.ALLOW

    @property
    def sanitized(self) -> bool:
        """`sanitized_text` may be passed on, the text itself must not."""
        return self.decision == Decision.SANITIZE

    @property
    def blocked(self) -> bool:
        """Nothing may be passed on. True also for a decision that this client does not know."""
        return not self.allowed and not self.sanitized
