"""The promise of SANITIZE: what is passed on would be allowed if it came again. Pure."""

from collections.abc import Awaitable, Callable

from app.arbiter.sanitize import sanitize
from app.schemas.decision import Decision, Ruling
from app.schemas.detection import Detection

# A text that is still not clean after this many cuts is hostile throughout.
ROUNDS = 5


async def clean(
    draft: str, detect: Callable[[str], Awaitable[Detection]], rule: Callable[[Detection], Ruling]
) -> str | None:
    """What is left of `draft` when it is judged, cut and judged again until it is allowed.

    Cutting changes what surrounds a sentence, and a placeholder reads unlike what it stands for: only another
    judgement tells what the shorter text scores.

    Returns:
        A text for which `detect` and `rule` lead to ALLOW; None when nothing worth sending is left of it.
    """
    text = draft
    for _ in range(ROUNDS):
        detection = await detect(text)
        if rule(detection).decision is Decision.ALLOW:
            return text
        shorter = sanitize(text, detection.evidence, ())
        if shorter is None or len(shorter) >= len(text):
            return None
        text = shorter
    return None
