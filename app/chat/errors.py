"""Errors in OpenAI's shape: {"error": {message, type, param, code}}."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


class Said(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """An error answer."""

    error: Said


KINDS = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "not_found"),
    408: ("invalid_request_error", "request_timeout"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    502: ("server_error", "upstream_error"),
    503: ("server_error", "overloaded"),
    504: ("server_error", "timeout"),
}
CONTENT_FILTER = "content_filter"


def error(status: int, message: str, **extra: Any) -> dict[str, Any]:
    """The body of an error answer."""
    kind, code = KINDS.get(status, ("invalid_request_error" if status < 500 else "server_error", None))
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **extra}}


def blocked(message: str, param: str) -> dict[str, Any]:
    """A prompt (`messages`) or an answer (`choices`) that may not pass."""
    return error(400, message, param=param, code=CONTENT_FILTER)


def openai_error(problem: Mapping[str, Any], _: object = None) -> tuple[int, dict[str, Any]]:
    """The status and body for a problem document."""
    status: int = problem["status"]
    return status, error(status, problem["detail"])
