"""Errors as RFC 9457 problem documents."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from app.access.key import masked
from app.errors import PipelineTimeout, PipelineUnavailable
from app.events.failures import StoreUnavailable

log = logging.getLogger("vigil.api")

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One thing wrong with the request."""

    field: str = Field(examples=["mode"])
    message: str = Field(examples=["Input should be 'full' or 'fast'"])


class Problem(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["mode: Input should be 'full' or 'fast'"])
    request_id: str | None = None
    errors: list[FieldError] | None = None


DESCRIPTIONS = {
    400: "The body cannot be read as text",
    401: "No key, or one that is not known, was revoked or has expired",
    403: "The key lacks the scope, or its policy does not allow the mode",
    404: "There is no such thing, or it is not yours",
    408: "The body did not arrive in time",
    409: "The same request is under way",
    413: "The body or a text is too long",
    415: "The body is of another kind than this route takes",
    422: "The request makes no sense; `errors` names the fields",
    429: "A rate limit is used up; see Retry-After and RateLimit",
    503: "Nothing is taken now; see Retry-After",
    504: "No verdict within the time limit",
}


def responses(*statuses: int, own: Mapping[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document; `own` are those with another meaning here."""
    texts = {status: DESCRIPTIONS[status] for status in statuses} | dict(own or {})
    return {
        status: {"description": text, "model": Problem, "content": {MEDIA_TYPE: {}}}
        for status, text in texts.items()
    }


class Refusal(HTTPException):
    """An error answer with its problem document."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.extra = extra


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, /, **extra: Any
) -> JSONResponse:
    """A problem document as an answer."""
    body = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
        **extra,
    }
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PipelineUnavailable, _unavailable)
    app.add_exception_handler(PipelineTimeout, _timeout)
    app.add_exception_handler(StoreUnavailable, _event_log_away)
    app.add_exception_handler(Exception, _unexpected)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # A route names its own methods only, and another on the same path has others.
        known = request.app.state.methods(request.url.path)
        headers |= {"Allow": ", ".join(known)} if known else {}
    return problem(
        error.status_code,
        str(error.detail),
        headers,
        **identity(request.scope),
        **getattr(error, "extra", {}),
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    status, detail, errors = field_errors(error.errors())
    listed = [item.model_dump() for item in errors]
    return problem(status, detail, None, **identity(request.scope), errors=listed)


def field_errors(found: Sequence[Mapping[str, Any]]) -> tuple[int, str, list[FieldError]]:
    """Status, one line and the list of what pydantic has found.

    The input itself is not repeated: it may hold personal data, and lone surrogates cannot be encoded.
    """
    errors = [FieldError(field=_field(item["loc"]), message=_message(item)) for item in found]
    status = 413 if any(item["type"] == "text_too_long" for item in found) else 422
    return status, "; ".join(f"{item.field}: {item.message}" for item in errors), errors


class Failure(NamedTuple):
    """Why one text of several has no verdict: what it would have got as a request of its own."""

    status: int
    detail: str
    errors: list[FieldError] | None = None


# What a text can fail with; anything else is an error of ours.
FAILURES = (ValidationError, Refusal, PipelineUnavailable, PipelineTimeout)
# A repeat of the text may get a verdict.
PASSING = frozenset((503, 504))


def failure(error: Exception) -> Failure:
    """What one of FAILURES means to the client."""
    if isinstance(error, ValidationError):
        return Failure(*field_errors(error.errors(include_input=False, include_url=False)))
    if isinstance(error, Refusal):
        return Failure(error.status_code, str(error.detail))
    if isinstance(error, PipelineUnavailable):
        return Failure(503, f"{error}; try again")
    return Failure(504, str(error))


def title(status: int) -> str:
    """The status in words."""
    return HTTPStatus(status).phrase


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PipelineUnavailable)  # noqa: S101
    return problem(
        503, f"{error}; try again", {"Retry-After": str(error.retry_after_s)}, **identity(request.scope)
    )


async def _event_log_away(request: Request, error: Exception) -> JSONResponse:
    log.warning("%s", error)
    detail = "the event log cannot be asked now; try again"
    return problem(503, detail, {"Retry-After": "5"}, **identity(request.scope))


async def _timeout(request: Request, error: Exception) -> JSONResponse:
    return problem(
        504, str(error), None, **identity(request.scope), error="Gateway Timeout", message=str(error)
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - logged by the server
    name = identity(request.scope)
    # Answered outside our middlewares, which would have named it.
    headers = {"X-Request-Id": name["request_id"]} if name else None
    return problem(500, "an error of ours; it is in the log under this request id", headers, **name)


def identity(scope: Scope) -> dict[str, str]:
    """The request's id, as part of a problem document."""
    request_id = scope.get("state", {}).get("request_id")
    return {"request_id": request_id} if request_id else {}


def _field(location: tuple[int | str, ...]) -> str:
    names = [str(part) for part in location if part != "body" and not isinstance(part, int)]
    return masked(".".join(names)) or "body"  # an unknown field is named as its sender has named it


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"not valid JSON: {error['ctx']['error']}"
    if error["type"] == "string_unicode":
        return "holds a lone surrogate (half of a UTF-16 pair), which is no character: remove it"
    if error["type"] == "extra_forbidden":
        return "unknown field: check its spelling"
    return str(error["msg"]).removeprefix("Value error, ")
