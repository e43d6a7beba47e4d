"""Errors in the predecessor's shape."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from starlette.datastructures import Headers

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    503: "SERVICE_UNAVAILABLE",
    504: "TIMEOUT",
}


class Detail(BaseModel):
    """One thing wrong with the request."""

    path: str
    message: str


class VgeError(BaseModel):
    """What went wrong, as the predecessor said it."""

    error: str = Field(examples=["prompt: Field required"])
    code: str = Field(examples=["VALIDATION_ERROR"])
    requestId: str | None = None  # noqa: N815 - their names
    details: list[Detail] | None = None
    retryAfter: int | None = Field(default=None, description="Seconds.")  # noqa: N815


DESCRIPTIONS = {
    400: "The request makes no sense; `details` names the fields",
    401: "No key, or one that is not known, was revoked or has expired",
    403: "The key lacks the scope, or its policy does not allow the mode",
    408: "The body did not arrive in time",
    409: "The same request is under way",
    413: "The body or a text is too long",
    415: "The body is no JSON",
    429: "A rate limit is used up",
    503: "Nothing is taken now",
    504: "No verdict within the time limit",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "model": VgeError} for status, text in DESCRIPTIONS.items()
}


def vge_error(problem: Mapping[str, Any], headers: Headers) -> tuple[int, dict[str, Any]]:
    """The status and body for a problem document: 422 is 400 there."""
    status = 400 if problem["status"] == 422 else problem["status"]
    retry_after = headers.get("retry-after", "")
    said = VgeError(
        error=problem["detail"],
        code=CODES.get(status, "ERROR"),
        requestId=problem.get("request_id"),
        details=[Detail(path=item["field"], message=item["message"]) for item in problem.get("errors") or ()]
        or None,
        retryAfter=int(retry_after) if retry_after.isdigit() else None,
    )
    return status, said.model_dump(exclude_none=True)
