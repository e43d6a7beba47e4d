"""`/v1/guard/restore`: placeholders in a model's answer back into the values they stand for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError
from pydantic import BaseModel, ConfigDict, Field

from app.access.client import Client, Scope
from app.api.bodies import GuardedText
from app.api.door.authentication import require
from app.api.problems import Refusal, responses
from app.errors import PipelineUnavailable
from app.pii.restoration import restore
from app.pii.vault import Vault, entry_key
from app.sealing import SealBroken
from app.streams import VAULT

TIMEOUT_S = 2.0
NOT_FOUND = (
    "there is nothing to restore for this request: its id is not one of yours, its text held no placeholder, "
    "or its lifetime (VIGIL_RESTORE_LIFETIME_S) has ended"
)
OFF = "this Vigil keeps no redacted values: set VIGIL_RESTORE=on for its workers and its API"

router = APIRouter(
    prefix="/v1/guard",
    tags=["guard"],
    responses=responses(
        400, 401, 403, 408, 413, 422, 429, 503,
        own={404: "Nothing is kept for this request and client", 409: "Restoring is switched off"},
    ),
)  # fmt: skip


class Restore(BaseModel):
    """A model's answer to a sanitized prompt."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"request_id": "req_01932f6b7a1c5d2e8f90", "text": "I have sent it to [EMAIL_ADDRESS_1]."}
            ]
        },
    )

    request_id: Annotated[
        str, Field(min_length=1, max_length=128, description="Of the request that was sanitized.")
    ]
    text: GuardedText


class Restored(BaseModel):
    """The answer with the values of that request in it."""

    request_id: str
    text: str


@router.post("/restore", summary="Put the redacted values back into a model's answer")
async def guard_restore(
    body: Restore, request: Request, client: Annotated[Client, Depends(require(Scope.GUARD))]
) -> Restored:
    """Placeholders that the request did not give stay as they are."""
    vault: Vault | None = request.app.state.vault
    if vault is None:
        raise Refusal(409, OFF)
    sealed = await _entry(request, entry_key(client.client_id, body.request_id))
    try:
        values = vault.open(client.client_id, body.request_id, sealed)
    except SealBroken:
        raise Refusal(404, NOT_FOUND) from None
    return Restored(request_id=body.request_id, text=restore(body.text, values))


async def _entry(request: Request, key: str) -> bytes:
    pipeline = request.app.state.pipeline
    if not pipeline.connected:
        raise PipelineUnavailable("the message server cannot be reached")
    js: JetStreamContext = (await pipeline.connection()).jetstream(timeout=TIMEOUT_S)
    try:
        # From the leader: a replica may not have yet what the verdict was answered after.
        message = await js.get_last_msg(VAULT.stream, f"$KV.{VAULT.name}.{key}")
    except NotFoundError as missing:
        if missing.err_code == 10059:  # the stream itself
            raise PipelineUnavailable(
                f"bucket {VAULT.name} does not exist: run `vigil streams apply`"
            ) from None
        raise Refusal(404, NOT_FOUND) from None
    except (APIError, NatsError, TimeoutError, OSError) as error:
        raise PipelineUnavailable(
            f"the message server did not answer: {str(error) or type(error).__name__}"
        ) from None
    return message.data or b""
