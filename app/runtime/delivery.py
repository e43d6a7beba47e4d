"""Acknowledgement, in one place: heartbeats, time limits, deadlines, retries, dead letters.

Every subscriber runs with AckPolicy.MANUAL and leaves its messages to this middleware. The reasons
and the measurements are in docs/decisions/0001-delivery.md.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol

from faststream import BaseMiddleware, ContextRepo
from nats.aio.msg import Msg
from opentelemetry import trace

from app.errors import VigilError
from app.metrics import delivery as metrics
from app.runtime import headers, logs
from app.runtime.dead_letters import dead_letter, describe
from app.runtime.retry import Retry, after_failure
from app.schemas.dead_letter import DeadLetter
from app.schemas.event import Outcome
from app.streams import BY_DURABLE, Consumer

log = logging.getLogger("vigil.delivery")

# Pauses between tries to reach the dead letters; heartbeats go on meanwhile.
BURY_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)


class Expired(VigilError):  # noqa: N818
    """The caller's deadline passed before the message was settled."""


class WorkerDied(VigilError):  # noqa: N818
    """Every allowed attempt ended without an answer from the worker."""


class PartialFailure(VigilError):  # noqa: N818
    """Raised by a batch handler: these members failed (index -> error), the others are done."""

    def __init__(self, failed: Mapping[int, Exception]) -> None:
        super().__init__(f"{len(failed)} of the batch failed")
        self.failed = failed


class Ledger(Protocol):
    """Where the middleware reports messages that do not end in a verdict."""

    async def bury(self, letter: DeadLetter) -> None:
        """Store a dead letter. Raises when it could not be stored."""

    async def record(self, payload: bytes, outcome: Outcome, reason: str) -> None:
        """Log the end of the request inside `payload`, if there is one. Raises when it could not."""


class Delivery:
    """The factory that the broker calls for each message."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __call__(self, msg: Any, /, *, context: ContextRepo) -> "DeliveryScope":
        """The scope of one message, or of one batch."""
        return DeliveryScope(msg, context=context, ledger=self._ledger)


class DeliveryScope(BaseMiddleware[Any, Any]):
    """One message, or one batch, from its arrival to its settlement."""

    def __init__(self, msg: Any, /, *, context: ContextRepo, ledger: Ledger) -> None:
        super().__init__(msg, context=context)
        self._ledger = ledger
        self._messages: list[Msg] = []
        self._consumer: Consumer | None = None
        self._heartbeat: asyncio.Task[None] | None = None

    async def on_receive(self) -> None:
        """Start the heartbeat; in a batch, take out the members that have used up their attempts."""
        batch = isinstance(self.msg, list)
        received = self.msg if batch else [self.msg]
        got = {} if batch else self.msg.headers or {}
        self._tokens = headers.incoming.set(got), logs.request_id.set(headers.request_id(got))
        self._messages = [message for message in received if message.reply.startswith("$JS.ACK.")]
        if not self._messages:  # the in-memory broker of the tests
            return
        self._consumer = BY_DURABLE[self._messages[0].metadata.consumer]
        self._arrived()
        self._heartbeat = asyncio.create_task(_beat(self._messages, self._consumer.ack_wait / 3))
        if batch:
            for message in [m for m in self._messages if _exhausted(m, self._consumer)]:
                await self._settle(message, _died(self._consumer))
                self.msg.remove(message)
                self._messages.remove(message)

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        """Run one attempt within its limits."""
        if self._consumer is None or isinstance(self.msg, list):
            return await call_next(msg)
        message, consumer = self._messages[0], self._consumer
        if _exhausted(message, consumer):
            raise _died(consumer)
        left = headers.remaining(message.headers)
        if left is not None and left <= 0:
            raise Expired("the caller's deadline had passed before the attempt")
        limit = consumer.attempt_limit if left is None else min(consumer.attempt_limit, left)
        async with asyncio.timeout(limit):
            return await call_next(msg)

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 - the signature is FastStream's
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> bool | None:
        """Settle each message by how its attempt ended."""
        try:
            if self._consumer is None:
                return False
            if exc_val is not None and not isinstance(exc_val, Exception):
                return False  # cancelled: the server delivers it to another replica after ack_wait
            if isinstance(exc_val, PartialFailure):
                failed: Mapping[int, Exception] = exc_val.failed
            else:
                failed = dict.fromkeys(range(len(self._messages)), exc_val) if exc_val else {}
            for index, message in enumerate(self._messages):
                await self._settle(message, failed.get(index))
            return True
        finally:
            if self._heartbeat is not None:
                self._heartbeat.cancel()
            self._left()
            incoming, request_id = self._tokens
            headers.incoming.reset(incoming)
            logs.request_id.reset(request_id)

    async def _settle(self, message: Msg, error: Exception | None) -> None:
        """Ack, give back or bury one message. A failure to do so leaves it to the next delivery."""
        assert self._consumer is not None  # noqa: S101
        try:
            if error is None:
                await message.ack()
                self._count("acked")
                return
            left = headers.remaining(message.headers)
            if left is not None and left <= 0 and not isinstance(error, WorkerDied):
                await self._ledger.record(message.data, Outcome.EXPIRED, describe(error))
                log.warning("%s: expired: %s", _name(message), describe(error))
                await message.ack()
                self._count("expired")
                return
            step = after_failure(self._consumer, message.metadata.num_delivered, waiting=left is not None)
            if isinstance(step, Retry):
                log.warning("%s: %s; again in %g s", _name(message), describe(error), step.delay)
                await message.nak(delay=step.delay)
                self._count("retried")
            else:
                await self._bury(message, error)
                self._count("dead_lettered")
                await message.ack()
        except Exception as trouble:  # the server is away: nothing is lost, the message stays there
            self._count("unsettled")
            log.warning("%s: not settled (%s); it will be delivered again", _name(message), describe(trouble))

    def _arrived(self) -> None:
        assert self._consumer is not None  # noqa: S101
        durable = self._consumer.durable
        self._under_work, self._started = len(self._messages), time.perf_counter()
        metrics.IN_FLIGHT.labels(durable).inc(self._under_work)
        now = datetime.now(UTC)
        for message in self._messages:
            if message.metadata.num_delivered > 1:
                metrics.REDELIVERIES.labels(durable).inc()
            else:
                waited = (now - message.metadata.timestamp).total_seconds()
                metrics.QUEUED.labels(durable).observe(max(0.0, waited))

    def _left(self) -> None:
        if self._consumer is not None:
            metrics.IN_FLIGHT.labels(self._consumer.durable).dec(self._under_work)
            took = time.perf_counter() - self._started
            metrics.PROCESSING.labels(self._consumer.durable).observe(took)

    def _count(self, result: str) -> None:
        assert self._consumer is not None  # noqa: S101
        metrics.MESSAGES.labels(self._consumer.durable, result).inc()
        if not isinstance(self.msg, list):
            trace.get_current_span().set_attribute("vigil.result", result)

    async def _bury(self, message: Msg, error: Exception) -> None:
        assert self._consumer is not None  # noqa: S101
        letter = dead_letter(message, self._consumer, error)
        log.error(
            "%s: dead-lettered after %d deliveries: %s", _name(message), letter.redelivery_count, letter.error
        )
        for pause in (*BURY_PAUSES, None):
            try:
                await self._ledger.bury(letter)
                await self._ledger.record(message.data, Outcome.DEAD_LETTERED, letter.error)
                return
            except Exception:
                if pause is None:
                    raise
                await asyncio.sleep(pause)


def _exhausted(message: Msg, consumer: Consumer) -> bool:
    return message.metadata.num_delivered > consumer.attempts


def _died(consumer: Consumer) -> WorkerDied:
    return WorkerDied(f"the worker died, or lost the server, in the last of {consumer.attempts} attempts")


def _name(message: Msg) -> str:
    return f"{message.subject} #{message.metadata.sequence.stream} attempt {message.metadata.num_delivered}"


async def _beat(messages: list[Msg], period: float) -> None:
    """Tell the server that the messages are still worked on, until cancelled."""
    while True:
        await asyncio.sleep(period)
        for message in list(messages):
            with suppress(Exception):  # no connection, or settled already: the next delivery decides
                await message.in_progress()
