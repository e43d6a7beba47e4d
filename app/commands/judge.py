"""The whole flow in this process, without broker or server: the same pure functions, in the same order."""

from dataclasses import dataclass

from app.arbiter import policy
from app.arbiter.decide import Thresholds
from app.arbiter.settle import settle
from app.detection.parallel import detect
from app.phrases import blank_phrases
from app.schemas.guard import GuardRequest
from app.schemas.pii import PiiResult
from app.schemas.verdict import Verdict
from app.subscribers.engines import branches, finder


@dataclass(frozen=True)
class Judged:
    """A verdict with everything that led to it."""

    verdict: Verdict
    result: PiiResult


async def judge(request: GuardRequest, thresholds: Thresholds) -> Judged:
    """Judge one text. Unlike the service, it looks for personal data in a blocked text too."""
    text = blank_phrases(request.text, request.policy.allow)
    detection = policy.considered(await detect(text, request.mode, branches()), request.policy)
    findings = await finder().analyze(request.text, request.mode)
    ruling = policy.rule(request, detection, thresholds)
    result = PiiResult(request=request, detection=detection, ruling=ruling, findings=findings)
    return Judged(verdict=settle(result), result=result)
