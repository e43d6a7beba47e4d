"""`/compat/webhook/vigil-guard-2`: what the predecessor's browser plugin asks.

The plugin lets a text through on any error and on any answer without an action. So a text that nobody could judge
is answered with `block` here, and not with an error, wherever it was stopped.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, ConfigDict, Field

from app.access.client import Client, Scope
from app.api.compat.vge_verdict import reason
from app.api.door.authentication import require
from app.api.problems import Refusal, responses
from app.api.texts import Texts
from app.chat.judge import Speaker, Spoken, is_blank
from app.errors import PipelineTimeout, PipelineUnavailable
from app.schemas.decision import Decision
from app.schemas.verdict import Verdict

router = APIRouter(prefix="/compat/webhook", tags=["compatibility"], responses=responses(401, 403, 422))

_TOKEN = APIKeyHeader(
    name="X-Vigil-Auth",
    scheme_name="X-Vigil-Auth",
    auto_error=False,
    description="A key of ours, `vg_` or `vk_`.",
)


class Action(StrEnum):
    """What the plugin does."""

    ALLOW = "allow"
    SANITIZE = "sanitize"
    BLOCK = "block"


# Nobody has looked at the text: it was too long or late, came too often, or there was no place for it.
UNJUDGED = frozenset((408, 413, 429, 500, 503, 504))
ACTIONS = {Decision.ALLOW: Action.ALLOW, Decision.SANITIZE: Action.SANITIZE, Decision.BLOCK: Action.BLOCK}


class WebhookRequest(BaseModel):
    """What somebody is about to send. Fields of the plugin that have no effect are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={"examples": [{"chatInput": "What is the capital of France?", "sessionId": "1"}]},
    )

    chatInput: str  # noqa: N815 - the plugin's names
    sessionId: str | None = None  # noqa: N815


class Arbiter(BaseModel):
    """The score behind the action."""

    combined_score: float
    confidence: float
    boosts_applied: list[str] = []


class WebhookAnswer(BaseModel):
    """What the plugin is to do."""

    action: Action
    chatInput: str = Field(description="The text that may be sent; empty with `block`.")  # noqa: N815
    reason: str
    threat_score: float
    sessionId: str | None = None  # noqa: N815
    arbiter: Arbiter
    sanitizedBody: dict[str, Any] | None = Field(  # noqa: N815
        default=None, description="With `sanitize`: the message in ChatGPT's form."
    )


@router.post(
    "/vigil-guard-2",
    response_model_exclude_none=True,
    summary="Judge what a browser sends",
    dependencies=[Security(_TOKEN)],
)
async def webhook(
    body: WebhookRequest, request: Request, client: Annotated[Client, Depends(require(Scope.GUARD))]
) -> WebhookAnswer:
    """Fails closed: without a verdict the action is `block`."""
    if is_blank(body.chatInput):
        return _answer(body, Action.ALLOW, body.chatInput, "nothing to judge")
    spoken = Spoken(body.chatInput, Speaker.USER)
    try:
        verdicts = await Texts(request, client).judge([spoken])
    except (PipelineUnavailable, PipelineTimeout, Refusal) as failed:
        why = failed.detail if isinstance(failed, Refusal) else str(failed)
        return _answer(body, Action.BLOCK, "", f"not judged: {why}", score=100.0)
    return _judged(body, verdicts[spoken])


def stopped(problem: Mapping[str, Any], _: object = None) -> tuple[int, dict[str, Any]] | None:
    """The answer in the place of a problem document; None where it is one of the request and not of the text."""
    if problem["status"] not in UNJUDGED:
        return None
    body = WebhookRequest(chatInput="")
    answer = _answer(body, Action.BLOCK, "", f"not judged: {problem['detail']}", score=100.0)
    return 200, answer.model_dump(mode="json", exclude_none=True)


def _judged(body: WebhookRequest, verdict: Verdict) -> WebhookAnswer:
    action = ACTIONS[verdict.decision]
    if action is Action.SANITIZE and verdict.sanitized_text is None:
        action = Action.BLOCK
    texts = {Action.ALLOW: body.chatInput, Action.SANITIZE: verdict.sanitized_text or "", Action.BLOCK: ""}
    return _answer(body, action, texts[action], reason(verdict), verdict.threat_score)


def _answer(body: WebhookRequest, action: Action, text: str, why: str, score: float = 0.0) -> WebhookAnswer:
    side = score if action is Action.BLOCK else 100 - score
    return WebhookAnswer(
        action=action,
        chatInput=text,
        reason=why,
        threat_score=score,
        sessionId=body.sessionId,
        arbiter=Arbiter(combined_score=score, confidence=round(side / 100, 3)),
        sanitizedBody=_message(text) if action is Action.SANITIZE else None,
    )


def _message(text: str) -> dict[str, Any]:
    return {"messages": [{"author": {"role": "user"}, "content": {"content_type": "text", "parts": [text]}}]}
