"""What is raised, and what it says."""

import pickle
import re
from typing import Any

import httpx
import pytest

import vigil_stream
from tests.sdk import ALLOW, Double
from vigil_stream import (
    APIConnectionError,
    APIStatusError,
    Blocked,
    ConfigurationError,
    InvalidAnswerError,
    Job,
    JobTimeoutError,
    NotFoundError,
    Problem,
    RateLimitedError,
    ServerError,
    UnprocessableError,
    Verdict,
    Vigil,
    VigilError,
    errors,
)

STATUSES = {
    400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError",
    405: "APIStatusError", 409: "ConflictError", 413: "PayloadTooLargeError", 415: "APIStatusError",
    422: "UnprocessableError", 429: "RateLimitedError", 500: "ServerError", 502: "ServerError", 503: "OverloadedError",
    504: "PipelineTimeoutError", 599: "ServerError",
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_its_error_with_all_that_the_server_said(double: Double, status: int) -> None:
    body = {
        "type": "about:blank", "title": "A title", "status": status, "detail": "what to do", "request_id": "req_7",
        "errors": [{"field": "mode", "message": "unknown"}], "new_field": {"of": "a newer server"},
    }  # fmt: skip
    double.answers(httpx.Response(status, json=body, headers={"Retry-After": "7", "X-Request-Id": "req_7"}))
    with pytest.raises(APIStatusError) as raised:
        double.ask(max_retries=0)
    error = raised.value
    assert type(error).__name__ == STATUSES[status]
    assert isinstance(error, ServerError) == (status >= 500)
    assert error.status == status
    assert error.request_id == "req_7"
    assert error.retry_after == 7.0
    assert error.problem.detail == "what to do"
    assert error.problem.errors is not None
    assert error.problem.errors[0].field == "mode"
    assert str(error) == f"{status} what to do (request req_7)"


def test_a_proxy_that_answers_in_the_servers_place_is_an_error_with_its_status(double: Double) -> None:
    double.answers(httpx.Response(502, html="<h1>Bad gateway</h1>"))
    with pytest.raises(
        ServerError, match="502 Bad Gateway: '<h1>Bad gateway</h1>', which is no answer of Vigil's"
    ):
        double.ask(max_retries=0)


def test_a_redirect_is_not_followed_and_said(double: Double) -> None:
    double.answers(httpx.Response(308, headers={"Location": "https://elsewhere.test/v1/guard/input"}))
    with pytest.raises(APIStatusError, match=r"308 the server sends on to https://elsewhere.test"):
        double.ask()
    assert len(double.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Welcome</h1>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json=[ALLOW]),
        httpx.Response(200, json={**ALLOW, "decision": None}),
        httpx.Response(204),
    ],
)
def test_an_answer_that_is_no_verdict_is_never_taken_for_one(double: Double, answer: httpx.Response) -> None:
    double.answers(answer)
    with pytest.raises(InvalidAnswerError, match="is this the address of a Vigil"):
        double.ask()


def _verdict() -> Verdict:
    return Verdict(request_id="req_1", decision="BLOCK", threat_score=97.0, categories=("jailbreak",))


@pytest.mark.parametrize(
    "error",
    [
        RateLimitedError(Problem(status=429, detail="too many"), request_id="req_1", retry_after=3.0),
        APIConnectionError("no answer", retryable=False),
        ConfigurationError("no key"),
        Blocked(_verdict(), "input"),
        JobTimeoutError(Job(job_id="req_1", status="queued")),
    ],
)
def test_errors_travel_between_processes(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_blocked_says_why_and_is_no_vigil_error() -> None:
    assert str(Blocked(_verdict(), "input")) == "the input was blocked: jailbreak (request req_1)"
    assert not issubclass(Blocked, VigilError)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = errors.__doc__ or ""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in tree.splitlines():
        if found := re.match(r"(\s*)(?:[x+-] )?([A-Z]\w+)  ", line):
            depth = len(found[1]) // 2
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else ""
    real = {
        name: base.__name__ if (base := kind.__base__) not in (Exception, None) else ""
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert drawn == real
    assert set(real) <= set(vigil_stream.__all__)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"api_key": ""}, "VIGIL_API_KEY"),
        ({"api_key": "vk_live_a\nb"}, "copied whole"),
        ({"api_key": "vk_live_ą"}, "copied whole"),
        ({"url": "127.0.0.1:8080"}, "VIGIL_URL"),
        ({"url": "ftp://vigil.test"}, "VIGIL_URL"),
        ({"url": "http://[::1"}, "url"),
        ({"timeout": 0}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"retry_budget": 0}, "retry_budget"),
    ],
)
def test_a_client_that_cannot_work_is_not_made(
    options: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIGIL_API_KEY", raising=False)
    monkeypatch.delenv("VIGIL_URL", raising=False)
    with pytest.raises(ConfigurationError, match=says):
        Vigil(**{"api_key": "vk_test_key", **options})
    with pytest.raises(ConfigurationError, match="max_retries"):
        Vigil(api_key="vk_test_key").with_options(max_retries=-2)


def test_address_and_key_come_from_the_environment(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIL_URL", "http://from.environment/below/")
    monkeypatch.setenv("VIGIL_API_KEY", " vk_live_environment\n")
    double.do(double.client(url=None, api_key=None).guard_output("a", prompt="b"))
    (request,) = double.requests
    assert str(request.url) == "http://from.environment/below/v1/guard/output"
    assert request.headers["Authorization"] == "Bearer vk_live_environment"
    assert request.headers["User-Agent"].startswith("vigil-stream-client/")


def test_the_key_shows_nowhere(double: Double) -> None:
    double.answers(httpx.Response(401, json={"status": 401, "detail": "unknown"}))
    client = double.client(api_key="vk_live_secret")
    with pytest.raises(APIStatusError) as raised:
        double.do(client.guard_input("a"))
    for shown in (repr(client), repr(client._options), str(raised.value), repr(raised.value)):
        assert "secret" not in shown


def test_a_lone_surrogate_is_left_to_the_server_to_refuse(double: Double) -> None:
    double.answers(httpx.Response(422, json={"status": 422, "detail": "text: holds a lone surrogate"}))
    with pytest.raises(UnprocessableError, match="lone surrogate"):
        double.ask("a\ud800b")
    assert b"\\ud800" in double.requests[0].content


def test_a_route_that_the_server_lacks_is_said(double: Double) -> None:
    double.answers(httpx.Response(404, json={"status": 404, "title": "Not Found", "detail": "Not Found"}))
    with pytest.raises(NotFoundError, match="404 Not Found"):
        double.do(double.client().restore("req_1", "a"))


def test_a_redirection_to_nowhere_is_an_error_as_any_other(double: Double) -> None:
    double.answers(httpx.Response(304))
    with pytest.raises(APIStatusError, match="no answer of Vigil's"):
        double.ask()
