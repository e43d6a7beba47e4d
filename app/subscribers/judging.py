"""What the detection worker does with a text, and `vigil scan` without one."""

from functools import partial

from app.arbiter import policy
from app.arbiter.clean import clean
from app.arbiter.decide import Thresholds
from app.detection.parallel import detect
from app.phrases import blank_phrases
from app.schemas.detection import Detection
from app.schemas.guard import GuardRequest
from app.subscribers.engines import branches


async def judged(request: GuardRequest, text: str) -> Detection:
    """What the branches say of `text`, without the phrases that the client's policy allows."""
    return await detect(blank_phrases(text, request.policy.allow), request.mode, branches())


async def judged_again(request: GuardRequest, draft: str, thresholds: Thresholds) -> str | None:
    """What is left of a sanitized text once all of it would be allowed; None when that is nothing."""

    async def look(text: str) -> Detection:
        return policy.considered(await judged(request, text), request.policy)

    return await clean(draft, look, partial(policy.rule, request, defaults=thresholds))
