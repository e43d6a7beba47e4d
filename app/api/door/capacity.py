"""How much is let in: requests that could not be answered in time are refused at once, not after five seconds."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nats.js.api import ConsumerInfo
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import identity, problem
from app.errors import PipelineUnavailable
from app.metrics.api import LAG, PLACES, REFUSED
from app.streams import ARBITER, DETECTION, PII

# The routes that ask the pipeline while their client waits.
JUDGING = frozenset(
    (
        *(f"/v1/guard/{name}" for name in ("input", "output", "batch", "output/stream")),
        *(f"/compat/vge/v1/guard/{name}" for name in ("input", "output", "analyze", "batch")),
        "/compat/webhook/vigil-guard-2",
        "/beta/litellm_basic_guardrail_api",
        "/openai/v1/chat/completions",
    )
)
RETRY_AFTER_S = 1

FEWEST = 16
FIRST = 256
# A request that took more than this part of its time limit says that too many are under way.
SLOW = 0.6
BACK_OFF = 0.9
# A request that would wait for more than this part of its time limit is not let in.
LATE = 0.8
# Jobs are let in up to this part of the time limit: they fill what callers leave.
JOB_LAG = 0.2

# How often the consumers are asked for, seconds.
POLL_S = 0.5
# Waiting consumers of a request, each of which can fall behind by itself.
WATCHED = (DETECTION, ARBITER, PII)


class Capacity:
    """Places for texts under judgement. Their number follows the pipeline: one more for each full house that was
    answered in good time, a tenth less when an answer was slow or did not come (additive increase,
    multiplicative decrease).

    Args:
        most: places there can be at most.
        timeout_s: what a caller waits.
    """

    def __init__(self, most: int, timeout_s: float) -> None:
        self._most = most
        self._slow_s = SLOW * timeout_s
        self._timeout_s = timeout_s
        self._places = float(min(FIRST, most))
        self._taken = 0
        self._reduced_at = 0.0
        self.lag_s = 0.0
        PLACES.set(self._places)

    def refusal(self) -> str | None:
        """Why nothing can be let in now; None when something can."""
        if self._taken >= int(self._places):
            return f"{self._taken} texts are under judgement"
        if self.lag_s > LATE * self._timeout_s:
            return "the pipeline is behind"
        return None

    @contextmanager
    def place(self) -> Iterator[None]:
        """One text under judgement.

        Raises:
            PipelineUnavailable: there is no place.
        """
        if reason := self.refusal():
            REFUSED.labels("capacity").inc()
            raise PipelineUnavailable(reason, RETRY_AFTER_S)
        full = self._taken + 1 >= int(self._places)
        self._taken += 1
        started = time.monotonic()
        try:
            yield
        finally:
            self._taken -= 1
            self._learn(time.monotonic() - started, full=full)

    def admit_job(self) -> None:
        """Let a job in only while nobody is made to wait by it: jobs and callers share the workers.

        Raises:
            PipelineUnavailable: the pipeline is behind.
        """
        if self.lag_s > JOB_LAG * self._timeout_s:
            REFUSED.labels("job").inc()
            raise PipelineUnavailable("the pipeline is behind", retry_after_s=5)

    def _learn(self, took_s: float, *, full: bool) -> None:
        now = time.monotonic()
        if took_s > self._slow_s:
            if now - self._reduced_at > self._slow_s:  # one reduction for all that were slow together
                self._reduced_at = now
                self._places = max(min(FEWEST, self._most), self._places * BACK_OFF)
        elif full:
            self._places = min(self._most, self._places + 1)
        PLACES.set(self._places)


class PipelineLag:
    """How far the consumers are behind, told to the capacity as often as they are asked for (`app.runtime.backlog`)."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._progress = {consumer.durable: Progress() for consumer in WATCHED}

    def tell(self, consumers: Mapping[str, ConsumerInfo]) -> None:
        """What the server says of the consumers now, by durable."""
        now = time.monotonic()
        self._capacity.lag_s = max(
            progress.wait_s(consumers[durable].num_pending or 0, _settled(consumers[durable]), now)
            for durable, progress in self._progress.items()
        )
        LAG.set(self._capacity.lag_s)


def _settled(info: ConsumerInfo) -> int:
    delivered = info.delivered.consumer_seq if info.delivered else 0
    return delivered - (info.num_ack_pending or 0)


class Progress:
    """What is known of one consumer's speed."""

    def __init__(self) -> None:
        self._settled = 0
        self._asked_at = 0.0
        self._moved_at = 0.0
        self._waiting = False
        self._rate = 0.0

    def wait_s(self, pending: int, settled: int, now: float) -> float:
        """Seconds that a message which arrives now will wait: what waits, over the speed of late.

        With nothing waiting it is 0, whatever the speed; while nothing moves it grows with the time since.
        """
        if self._waiting and settled > self._settled:  # else it was idle, and the speed says nothing
            rate = (settled - self._settled) / max(now - self._asked_at, 1e-3)
            self._rate = 0.5 * (rate + self._rate) if self._rate else rate
        if settled != self._settled or not pending or not self._asked_at:
            self._moved_at = now
        self._settled, self._asked_at, self._waiting = settled, now, pending > 0
        if not pending:
            return 0.0
        return max(now - self._moved_at, pending / self._rate if self._rate else 0.0)


class Admission:
    """ASGI middleware: 503 before the key is looked at or a byte of the body read, while there is no place."""

    def __init__(self, app: ASGIApp, capacity: Capacity) -> None:
        self._app = app
        self._capacity = capacity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in JUDGING:
            reason = self._capacity.refusal()
            if reason:
                REFUSED.labels("door").inc()
                answer = problem(
                    503, f"{reason}; try again", {"Retry-After": str(RETRY_AFTER_S)}, **identity(scope)
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
