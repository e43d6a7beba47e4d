"""The whole flow in this process, without broker or server: the same pure functions, in the same order."""

from dataclasses import dataclass

from app.arbiter import policy
from app.arbiter.decide import Thresholds
from app.arbiter.settle import cleaned, settle
from app.schemas.guard import GuardRequest
from app.schemas.pii import PiiResult
from app.schemas.verdict import Verdict
from app.subscribers.engines import finder
from app.subscribers.judging import judged, judged_again


@dataclass(frozen=True)
class Judged:
    """A verdict with everything that led to it."""

    verdict: Verdict
    result: PiiResult


async def judge(request: GuardRequest, thresholds: Thresholds) -> Judged:
    """Judge one text. Unlike the service, it looks for personal data in a blocked text too."""
    detection = policy.considered(await judged(request, request.text), request.policy)
    findings = await finder().analyze(request.text, request.mode, request.placeholders)
    ruling = policy.rule(request, detection, thresholds)
    result = PiiResult(request=request, detection=detection, ruling=ruling, findings=findings)
    verdict = settle(result)
    if verdict.sanitized_text is not None:
        verdict = cleaned(verdict, await judged_again(request, verdict.sanitized_text, thresholds))
    return Judged(verdict=verdict, result=result)
