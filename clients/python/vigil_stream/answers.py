"""What came back, as a model or as an error."""

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from vigil_stream.calls import Call, T
from vigil_stream.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    InvalidAnswerError,
    VigilError,
    status_error,
)
from vigil_stream.models.problem import Problem
from vigil_stream.retry import retry_after_s

# The fault is on this side of the wire, or will be there again: the next attempt would end the same way.
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.DecodingError)


def read(call: Call[T], response: httpx.Response) -> T:
    """The answer to `call`.

    Raises:
        InvalidAnswerError: it does not look like one.
    """
    try:
        return call.answer.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InvalidAnswerError(
            f"{call.method} {response.url} answered {response.status_code} with something that is no "
            f"{call.answer.__name__} ({place}: {first['msg']}): is this the address of a Vigil?"
        ) from None


def failure(outcome: httpx.Response | httpx.RequestError, now: float) -> VigilError:
    """What went wrong. `now` in seconds since 1970, for a Retry-After that is a date."""
    if isinstance(outcome, httpx.Response):
        return _status_error(outcome, now)
    where = f"{outcome.request.url.scheme}://{outcome.request.url.netloc.decode('ascii')}"
    if isinstance(outcome, httpx.TimeoutException):
        return APITimeoutError(f"{where} did not answer in time ({type(outcome).__name__})")
    reason = str(outcome) or type(outcome).__name__
    return APIConnectionError(
        f"no answer from {where}: {reason}", retryable=not isinstance(outcome, _HOPELESS)
    )


def _status_error(response: httpx.Response, now: float) -> APIStatusError:
    return status_error(
        _problem(response),
        request_id=response.headers.get("X-Request-Id"),
        retry_after=retry_after_s(response.headers.get("Retry-After"), now),
    )


def _problem(response: httpx.Response) -> Problem:
    """The problem document; made from the status when a proxy answered in the server's place."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return Problem(status=response.status_code, title=_title(response), detail=_detail(response))
    return problem.model_copy(update={"status": response.status_code})


def _title(response: httpx.Response) -> str:
    try:
        return HTTPStatus(response.status_code).phrase
    except ValueError:
        return response.reason_phrase


def _detail(response: httpx.Response) -> str:
    if response.has_redirect_location:
        return f"the server sends on to {response.headers['Location']}: use that address"
    return f"{_title(response)}: {response.text[:200]!r}, which is no answer of Vigil's"
