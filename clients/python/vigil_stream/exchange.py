"""The course of one call, without its I/O.

A flow is a generator: it yields what is to be done next (`Send`, `Wait`), is sent what came of it, and returns the
answer or raises. The clients only do what it yields; when to try again is decided here, once for both of them.
"""

import json
import platform
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import httpx

from vigil_stream.answers import failure, read
from vigil_stream.calls import Call, T
from vigil_stream.clock import Clock
from vigil_stream.options import Options
from vigil_stream.retry import wait_s
from vigil_stream.version import __version__

USER_AGENT = f"vigil-stream-client/{__version__} python/{platform.python_version()} httpx/{httpx.__version__}"


@dataclass(frozen=True)
class Send:
    """Send a request; the outcome is the response, or the httpx error in its place."""

    method: str
    url: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    timeout: float


@dataclass(frozen=True)
class Wait:
    """Wait; the outcome is None."""

    seconds: float


Outcome: TypeAlias = httpx.Response | httpx.RequestError | None
R = TypeVar("R")
Flow: TypeAlias = Generator[Send | Wait, Outcome, R]


def exchange(call: Call[T], options: Options, clock: Clock) -> Flow[T]:
    """Ask until there is an answer, an error that asking again does not mend, or no budget.

    Raises:
        VigilError: of the last attempt.
    """
    end = clock.monotonic() + options.retry_budget * call.patience
    headers = _headers(call, options)
    # Escapes carry every str, lone surrogates too; those are the server's to refuse.
    content = None if call.body is None else json.dumps(call.body).encode("ascii")
    retries = 0
    while True:
        timeout = min(options.timeout * call.patience, max(end - clock.monotonic(), 0.001))
        outcome = yield Send(call.method, options.url + call.path, call.params, headers, content, timeout)
        if outcome is None:
            raise TypeError("a Send must be answered")
        if isinstance(outcome, httpx.Response) and outcome.is_success:
            return read(call, outcome)
        error = failure(outcome, clock.time())
        wait = wait_s(retries, error.retry_after, clock.random)
        if not error.retryable or retries >= options.max_retries or clock.monotonic() + wait >= end:
            raise error from (outcome if isinstance(outcome, Exception) else None)
        yield Wait(wait)
        retries += 1


def common_headers(options: Options) -> dict[str, str]:
    """Of every request."""
    return {"User-Agent": USER_AGENT, **options.headers, "Authorization": f"Bearer {options.api_key}"}


def _headers(call: Call[T], options: Options) -> dict[str, str]:
    headers = {"Accept": "application/json, application/problem+json", **common_headers(options)}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if call.idempotency_key is not None:
        headers["Idempotency-Key"] = call.idempotency_key
    return headers
