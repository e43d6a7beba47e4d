"""When the clients try again, and how long they wait before it."""

from email.utils import formatdate

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk import ALLOW, Double
from vigil_stream import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    OverloadedError,
    RateLimitedError,
    ServerError,
)
from vigil_stream.retry import FIRST_WAIT_S, LONGEST_WAIT_S, retry_after_s, wait_s

GOOD = httpx.Response(200, json=ALLOW)


def refusal(status: int, retry_after: str | None = None) -> httpx.Response:
    return httpx.Response(status, headers={"Retry-After": retry_after} if retry_after else None)


@given(st.integers(0, 10_000), st.floats(0, 1), st.none() | st.floats(0, 1e6))
def test_a_wait_is_between_the_servers_wish_and_the_backoff_on_top(
    retries: int, fraction: float, asked: float | None
) -> None:
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(retries, 30))
    assert wait_s(retries, asked, lambda: 0.0) == (asked or 0.0)
    assert wait_s(retries, asked, lambda: 1.0) == pytest.approx((asked or 0.0) + ceiling)
    assert (asked or 0.0) <= wait_s(retries, asked, lambda: fraction) <= (asked or 0.0) + ceiling


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0), ("0", 0.0), ("1.5", 1.5), ("-4", 0.0), (formatdate(1_000_060, usegmt=True), 60.0),
        (formatdate(999_000, usegmt=True), 0.0), (None, None), ("", None), ("soon", None), ("inf", None), ("nan", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=1_000_000.0) == seconds


@given(st.text())
def test_no_header_breaks_the_reading_of_retry_after(header: str) -> None:
    assert (retry_after_s(header, now=0.0) or 0.0) >= 0.0


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_the_same_idempotency_key(double: Double, status: int) -> None:
    double.answers(refusal(status), refusal(status), GOOD)
    assert double.ask().allowed
    assert len(double.requests) == 3
    assert double.clock.waits == [0.5 * FIRST_WAIT_S, 0.5 * FIRST_WAIT_S * 2]
    (key,) = {request.headers["Idempotency-Key"] for request in double.requests}
    (body,) = {request.content for request in double.requests}
    assert len(key) >= 32
    assert body == b'{"text": "Good morning"}'
    double.ask()
    assert double.requests[-1].headers["Idempotency-Key"] != key


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 501])
def test_what_will_not_pass_is_asked_once(double: Double, status: int) -> None:
    double.answers(refusal(status), GOOD)
    with pytest.raises(Exception, match=str(status)):
        double.ask()
    assert len(double.requests) == 1
    assert double.clock.waits == []


def test_a_repeat_waits_for_the_attempt_before_it_that_is_still_under_way(double: Double) -> None:
    double.answers(httpx.ConnectError("reset"), refusal(409, "1"), GOOD)
    assert double.ask().allowed
    assert len({request.headers["Idempotency-Key"] for request in double.requests}) == 1
    assert double.clock.waits[1] >= 1.0


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (httpx.ConnectError("refused"), APIConnectionError),
        (httpx.RemoteProtocolError("server disconnected"), APIConnectionError),
        (httpx.ReadTimeout("slow"), APITimeoutError),
        (httpx.ConnectTimeout("away"), APITimeoutError),
    ],
)
def test_a_broken_connection_is_tried_again(
    double: Double, broken: httpx.RequestError, error: type[Exception]
) -> None:
    double.answers(broken, GOOD)
    assert double.ask().allowed
    double.answers(broken)
    with pytest.raises(error, match=r"http://vigil.test") as raised:
        double.ask(max_retries=2)
    assert len(double.requests) == 2 + 3
    assert raised.value.__cause__ is broken


@pytest.mark.parametrize("hopeless", [httpx.LocalProtocolError("a bad header"), httpx.DecodingError("gzip")])
def test_an_error_of_this_side_is_not_tried_again(double: Double, hopeless: httpx.RequestError) -> None:
    double.answers(hopeless)
    with pytest.raises(APIConnectionError):
        double.ask()
    assert len(double.requests) == 1


def test_the_number_of_retries_is_a_limit(double: Double) -> None:
    double.answers(refusal(502))
    with pytest.raises(ServerError):
        double.ask(max_retries=4, retry_budget=1e6)
    assert len(double.requests) == 5
    double.requests.clear()
    with pytest.raises(ServerError):
        double.ask(max_retries=0)
    assert len(double.requests) == 1


def test_the_budget_is_never_overdrawn(double: Double) -> None:
    double.clock.fraction = 1.0
    double.answers(refusal(503))
    started = double.clock.now
    with pytest.raises(OverloadedError):
        double.ask(max_retries=1_000, retry_budget=5.0)
    assert double.clock.waits == [0.25, 0.5, 1.0, 2.0]  # a fifth wait, 4 s, would end after 7.75 s
    assert double.clock.now - started <= 5.0


def test_time_that_attempts_take_is_of_the_budget_and_an_attempt_gets_what_is_left(double: Double) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        double.clock.now += min(6.0, request.extensions["timeout"]["read"])
        return refusal(504)

    double.handler = slow
    with pytest.raises(ServerError):
        double.ask(timeout=8.0, max_retries=1_000, retry_budget=15.0)
    timeouts = [request.extensions["timeout"]["read"] for request in double.requests]
    assert timeouts == [8.0, 8.0, pytest.approx(15.0 - 12.0 - 0.125 - 0.25)]


def test_retry_after_is_honoured_in_seconds_and_as_a_date(double: Double) -> None:
    double.clock.fraction = 0.0
    date = formatdate(double.clock.time() + 2.0 + 4.0, usegmt=True)
    double.answers(refusal(429, "2"), refusal(503, date), GOOD)
    assert double.ask().allowed
    assert double.clock.waits == [2.0, 4.0]


def test_a_wait_that_the_budget_does_not_cover_is_not_begun(double: Double) -> None:
    double.answers(refusal(429, "31"), GOOD)
    with pytest.raises(RateLimitedError) as raised:
        double.ask(retry_budget=30.0)
    assert raised.value.retry_after == 31.0
    assert double.clock.waits == []


def test_options_of_one_call_leave_the_client_as_it_was(double: Double) -> None:
    client = double.client(timeout=8.0)
    double.answers(refusal(502))
    with pytest.raises(ServerError):
        double.do(client.with_options(max_retries=0, timeout=1.0).guard_input("a"))
    assert len(double.requests) == 1
    assert double.requests[0].extensions["timeout"]["read"] == 1.0
    double.answers(GOOD)
    double.do(client.guard_input("a"))
    assert double.requests[1].extensions["timeout"]["read"] == 8.0


def test_a_key_of_the_callers_is_used_as_it_is(double: Double) -> None:
    double.do(double.client().guard_input("a", idempotency_key="order-7"))
    assert double.requests[0].headers["Idempotency-Key"] == "order-7"


def test_a_wrong_key_is_said_at_once(double: Double) -> None:
    double.answers(
        httpx.Response(401, json={"status": 401, "title": "Unauthorized", "detail": "this key is unknown"})
    )
    with pytest.raises(AuthenticationError, match="401 this key is unknown"):
        double.ask()
    assert len(double.requests) == 1
