"""`/beta/litellm_basic_guardrail_api`: LiteLLM's generic guardrail endpoint (`guardrail: generic_guardrail_api`)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from app.access.client import Client, Scope
from app.api.door.authentication import require
from app.api.problems import responses
from app.api.texts import Texts
from app.chat.guarding import Blocked, replacements, sanitized
from app.chat.judge import Speaker, Spoken, is_blank
from app.chat.places import BETWEEN_PARTS, Path, places, speaker_of, text_parts, written
from app.chat.window import unfinished
from app.schemas.decision import Decision
from app.schemas.guard import Mode
from app.schemas.verdict import Verdict

router = APIRouter(
    prefix="/beta", tags=["hooks"], responses=responses(400, 401, 403, 408, 413, 422, 429, 503, 504)
)


class Action(StrEnum):
    """What LiteLLM does with the request or the answer."""

    NONE = "NONE"
    BLOCKED = "BLOCKED"
    INTERVENED = "GUARDRAIL_INTERVENED"


class Parameters(BaseModel):
    """`additional_provider_specific_params` of the guardrail's configuration."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Mode = Mode.FULL


class HookRequest(BaseModel):
    """What LiteLLM sends. What is not named here it may send, too; it has no effect."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={
            "examples": [{"texts": ["What is the capital of France?"], "input_type": "request"}]
        },
    )

    input_type: Literal["request", "response"] = "request"
    texts: list[str] | None = Field(
        default=None, description="All texts; the answer has the same in their order."
    )
    images: list[str] | None = Field(default=None, description="Addresses are judged, pictures are not.")
    tools: list[Any] | None = None
    tool_calls: list[Any] | None = None
    structured_messages: list[Any] | None = None
    additional_provider_specific_params: Parameters | None = None


class HookAnswer(BaseModel):
    """The verdict on all of it together."""

    action: Action
    blocked_reason: str | None = None
    texts: list[str] | None = None
    tools: list[Any] | None = None
    stream_holdback_chars: list[int] | None = Field(
        default=None, description="Of an answer: how much of each text is no whole sentence yet."
    )


@router.post("/litellm_basic_guardrail_api", response_model_exclude_none=True, summary="Judge for LiteLLM")
async def litellm_guardrail(
    body: HookRequest, request: Request, client: Annotated[Client, Depends(require(Scope.GUARD))]
) -> HookAnswer:
    """Every text is judged. LiteLLM takes back `texts` and `tools`: what would have to change elsewhere is blocked."""
    judge = Texts(request, client, (body.additional_provider_specific_params or Parameters()).mode)
    texts = _spoken(body)
    tools = places(body.tools or [], Speaker.OPERATOR)
    fixed = _elsewhere(body)
    everything = [*filter(None, texts), *(place.spoken for place in tools), *fixed]
    await judge.charge(everything)
    verdicts = await judge.judge(everything)
    try:
        for spoken in fixed:
            if verdicts[spoken].decision is not Decision.ALLOW:
                raise Blocked(verdicts[spoken], "LiteLLM takes back no changes there")
        passed = [
            _clean(spoken, verdicts) if spoken else text
            for text, spoken in zip(body.texts or [], texts, strict=True)
        ]
        edits = replacements(tools, verdicts)
        wholes = _wholes(body, dict(zip(body.texts or [], passed, strict=True)))
        for verdict in (await judge.judge(wholes)).values():
            if verdict.decision is not Decision.ALLOW:
                raise Blocked(verdict, "its parts together")
    except Blocked as blocked:
        return HookAnswer(action=Action.BLOCKED, blocked_reason=str(blocked))
    changed = passed != (body.texts or [])
    return HookAnswer(
        action=Action.INTERVENED if changed or edits else Action.NONE,
        texts=passed if changed else None,
        tools=written(body.tools, edits) if edits else None,
        stream_holdback_chars=[unfinished(text) for text in passed]
        if body.input_type == "response"
        else None,
    )


def _spoken(body: HookRequest) -> list[Spoken | None]:
    """Whose words each text is; None for blank ones. Only the messages know: a text that is also said by somebody
    else there is not the operator's.
    """
    if body.input_type == "response":
        return [None if is_blank(text) else Spoken(text, Speaker.MODEL) for text in body.texts or []]
    said = [
        place.spoken
        for message in body.structured_messages or []
        for place in places(_apart(message), speaker_of(message))
    ]
    own = {spoken.text for spoken in said if spoken.speaker is Speaker.OPERATOR}
    own -= {spoken.text for spoken in said if spoken.speaker is not Speaker.OPERATOR}
    return [
        None if is_blank(text) else Spoken(text, Speaker.OPERATOR if text in own else Speaker.USER)
        for text in body.texts or []
    ]


def _elsewhere(body: HookRequest) -> list[Spoken]:
    """The texts that stand where LiteLLM takes back no changes. What messages say is `texts` again, alone or joined;
    what stands in the arguments of their calls is not, even where it is said as well.
    """
    known = _squeezed("".join(body.texts or []))
    speaker = Speaker.MODEL if body.input_type == "response" else Speaker.USER
    found = places([body.tool_calls or [], [{"url": image} for image in body.images or []]], speaker)
    for message in body.structured_messages or []:
        found += [
            place
            for place in places(_apart(message), speaker_of(message))
            if not _is_said(place.path) or _squeezed(place.spoken.text) not in known
        ]
    return [place.spoken for place in found]


def _parts(message: Any) -> list[Any] | None:
    """The content of a message that is in parts."""
    content = message.get("content") if isinstance(message, Mapping) else None
    return content if isinstance(content, list) else None


def _apart(message: Any) -> Any:
    """The message with each part of its content by itself, as LiteLLM gives and takes them."""
    parts = _parts(message)
    return message if parts is None else {**message, "content": [[part] for part in parts]}


def _wholes(body: HookRequest, passed: Mapping[str, str]) -> list[Spoken]:
    """What messages in several parts say, with what may pass of each part."""
    found = []
    for message in body.structured_messages or []:
        if parts := text_parts(_parts(message) or ()):
            text = BETWEEN_PARTS.join(passed.get(part, part) for part in parts.values())
            found.append(Spoken(text, speaker_of(message)))
    return found


def _is_said(path: Path | None) -> bool:
    return path is not None and path[:1] == ("content",) and "input" not in path


def _clean(spoken: Spoken, verdicts: Mapping[Spoken, Verdict]) -> str:
    verdict = verdicts[spoken]
    return spoken.text if verdict.decision is Decision.ALLOW else sanitized(verdict)


def _squeezed(text: str) -> str:
    return "".join(text.split())
