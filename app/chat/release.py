"""What of a window may be shown after what has been shown already."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.chat.guarding import sanitized
from app.chat.judge import is_blank
from app.placeholders import Placeholders
from app.schemas.decision import Decision
from app.schemas.verdict import Verdict

# The verdict on a text in which these placeholders stand for these values; it has to explain itself.
Look = Callable[[str, dict[str, str]], Awaitable[Verdict]]


class Withheld(NamedTuple):
    """Nothing of a window may be shown; `verdict` is that on what went before, and the window."""

    verdict: Verdict


async def release(window: str, context: str, placeholders: Placeholders, look: Look) -> str | Withheld:
    """What may be shown of `window` after `context`; the space behind it stays.

    Raises:
        Blocked: nothing more may be shown.
    """
    if is_blank(window):
        return window

    async def judged(text: str) -> Verdict:
        verdict = await look(text, placeholders.given)
        placeholders.learn(text, verdict)
        return verdict

    verdict = await judged(context + window)
    if verdict.decision is Decision.ALLOW:
        return window
    clean = sanitized(verdict)
    if clean.startswith(context):
        clean = clean[len(context) :]
    elif clean.rstrip() == context.rstrip():
        return Withheld(verdict)
    else:
        # What has to go begins in what is out already. By itself the window may have a clean form.
        alone = await judged(window)
        if alone.decision is Decision.ALLOW:
            return Withheld(verdict)
        clean = sanitized(alone)
    return clean.rstrip() + window[len(window.rstrip()) :]
