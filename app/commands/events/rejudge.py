"""Stored events under another policy. No server, no broker."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.arbiter.decide import Thresholds, decide
from app.arbiter.settle import settle
from app.detection.parallel import Engine, RemoteEngine, detect
from app.schemas.decision import Decision
from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.guard import GuardRequest
from app.schemas.pii import Findings, PiiResult

# Nobody waits: a branch that is late on a busy machine would make its verdict another.
PATIENCE = 20.0


@dataclass(frozen=True)
class Policy:
    """What decides: engines and thresholds."""

    engines: Mapping[BranchName, Engine | RemoteEngine]
    thresholds: Thresholds


@dataclass(frozen=True)
class Outcome:
    """A decision and the score that led to it."""

    decision: Decision
    threat_score: float


@dataclass(frozen=True)
class Rejudged:
    """One event three times: as it was decided, and as it would be now under either policy."""

    event: Mapping[str, Any]
    present: Outcome
    other: Outcome

    @property
    def changes(self) -> bool:
        """Whether the other policy decides otherwise than the present one."""
        return self.other.decision is not self.present.decision

    @property
    def drifted(self) -> bool:
        """Whether the present policy decides otherwise than it was decided: the text or the engines differ."""
        return bool(self.present.decision.value != self.event["arbiter_decision"])


class _Known:
    """A branch that has judged the text already."""

    def __init__(self, result: BranchResult) -> None:
        self._result = result

    def analyze(self, text: str) -> BranchResult:  # noqa: ARG002 - the same text
        return self._result


async def rejudge(event: Mapping[str, Any], text: str, present: Policy, other: Policy) -> Rejudged:
    """Judge the text of a stored event. An engine that both policies share is asked once."""
    request = GuardRequest(
        request_id=event["request_id"], text=text, mode=event["mode"], direction=event["direction"]
    )
    detection = await detect(request.text, request.mode, present.engines, patience=PATIENCE)
    second = detection
    if other.engines != present.engines:
        engines = dict(_reusing(detection, present, other))
        second = await detect(request.text, request.mode, engines, patience=PATIENCE)
    held_pii = event["pii_count"] > 0
    return Rejudged(
        event,
        _outcome(request, detection, present.thresholds, held_pii=held_pii),
        _outcome(request, second, other.thresholds, held_pii=held_pii),
    )


def _reusing(
    detection: Detection, present: Policy, other: Policy
) -> Iterator[tuple[BranchName, Engine | RemoteEngine]]:
    for name, engine in other.engines.items():
        result = detection.branch(name)
        yield name, _Known(result) if result and engine is present.engines[name] else engine


def _outcome(
    request: GuardRequest, detection: Detection, thresholds: Thresholds, *, held_pii: bool
) -> Outcome:
    ruling = decide(detection, thresholds)
    result = PiiResult(request=request, detection=detection, ruling=ruling, findings=Findings())
    verdict = settle(result)
    # The personal data itself was redacted; that there was some is known.
    decision = Decision.SANITIZE if held_pii and verdict.decision is Decision.ALLOW else verdict.decision
    return Outcome(decision, verdict.threat_score)
