"""The headers that travel with a request from hop to hop."""

import time
from collections.abc import Mapping
from contextvars import ContextVar

MESSAGE_ID = "Nats-Msg-Id"
REPLY_TO = "Vigil-Reply-To"
DEADLINE = "Vigil-Deadline"  # Unix time in seconds; API and workers must share a clock (NTP)

_TRAVELLING = (REPLY_TO, DEADLINE)

# Headers of the message under work, set by the delivery middleware. FastStream's own way, a context
# parameter of the handler, sends every message through a thread and costs 140 us.
incoming: ContextVar[Mapping[str, str]] = ContextVar("incoming", default={})  # noqa: B039 - never mutated


def message_id(request_id: str, stage: str) -> str:
    """The deduplication id of one hop.

    The stage is part of it because the server deduplicates per stream: the bare request id would
    drop the second hop.
    """
    return f"{request_id}:{stage}"


def hop(request_id: str, stage: str, *, waiting: bool = True) -> dict[str, str]:
    """Headers of the next hop. `waiting=False` ends the wait: nobody needs the answer any more."""
    received = incoming.get()
    carried = {name: received[name] for name in _TRAVELLING if name in received} if waiting else {}
    return {MESSAGE_ID: message_id(request_id, stage), **carried}


def request_id(headers: Mapping[str, str]) -> str:
    """The request that a hop belongs to, as far as its message id says; empty when it says nothing."""
    return headers.get(MESSAGE_ID, "").partition(":")[0]


def remaining(headers: Mapping[str, str] | None) -> float | None:
    """Seconds until the caller stops waiting (negative when past); None when nobody waits."""
    try:
        return float(headers[DEADLINE]) - time.time() if headers and DEADLINE in headers else None
    except ValueError:
        return None
