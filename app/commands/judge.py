"""The whole flow in this process, without broker or server: the same pure functions, in the same order."""

from dataclasses import dataclass

from app.arbiter.decide import Thresholds, decide
from app.arbiter.settle import settle
from app.detection.parallel import detect
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
    detection = await detect(request.text, request.mode, branches())
    findings = await finder().analyze(request.text, request.mode)
    ruling = decide(detection, thresholds)
    result = PiiResult(request=request, detection=detection, ruling=ruling, findings=findings)
    return Judged(verdict=settle(result), result=result)
