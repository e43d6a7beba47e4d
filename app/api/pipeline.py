"""The answer path: publish until acknowledged, await the verdict on this process's own inbox."""

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from typing import Any

from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pydantic import ValidationError

from app.errors import PipelineTimeout, PipelineUnavailable
from app.metrics.api import REPUBLISHED, UNCLAIMED, WAITING
from app.publishers import detection_job, guard_input, guard_output
from app.runtime.headers import DEADLINE, MESSAGE_ID, REPLY_TO, message_id
from app.schemas.guard import Direction, GuardRequest
from app.schemas.verdict import Verdict
from app.streams import JOB_RESULTS

log = logging.getLogger("vigil.api")

# A lost publish or its lost acknowledgement is repeated after this long; the message id makes that safe.
REPUBLISH_AFTER_S = 1.0


class Pipeline:
    """Hands requests to the pipeline and gives each caller its own verdict. One per process."""

    def __init__(self, broker: NatsBroker) -> None:
        self._broker = broker
        self._inbox = f"_INBOX.vigil.{secrets.token_hex(8)}"
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}
        self._connection: Client | None = None
        self._starting: asyncio.Task[None] | None = None
        broker.include_routers(guard_input.router, guard_output.router, detection_job.router)
        self._publishers = {Direction.INPUT: guard_input.publisher, Direction.OUTPUT: guard_output.publisher}

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        return self._connection is not None and self._connection.is_connected

    async def start(self) -> None:
        """Begin to connect; requests are refused until that has succeeded."""
        self._starting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        await self._broker.start()
        connection = await self._broker.connect()
        await connection.subscribe(f"{self._inbox}.*", cb=self._on_verdict)
        await connection.flush()
        self._connection = connection

    async def connection(self) -> Client:
        """The connection, once there is one."""
        assert self._starting is not None  # noqa: S101 - start() comes first
        await asyncio.shield(self._starting)
        assert self._connection is not None  # noqa: S101
        return self._connection

    async def stop(self) -> None:
        """Close the connection."""
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._starting
        with suppress(Exception):  # already closed, or the server is away: nothing is left to save
            await self._broker.stop()

    async def judge(self, request: GuardRequest, timeout_s: float) -> Verdict:
        """The verdict on one request.

        Raises:
            PipelineUnavailable: the server cannot be reached or takes no more requests.
            PipelineTimeout: the request was taken, but no verdict came within `timeout_s`.
        """
        if not self.connected:
            raise PipelineUnavailable("the message server cannot be reached")
        token = secrets.token_hex(8)
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[token] = verdict
        headers = {
            MESSAGE_ID: message_id(request.request_id, "guard"),
            REPLY_TO: f"{self._inbox}.{token}",
            DEADLINE: f"{time.time() + timeout_s:.3f}",
        }
        publishing: asyncio.Task[None] = asyncio.create_task(self._publish(request, headers))
        either: set[asyncio.Future[Any]] = {publishing, verdict}
        WAITING.inc()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not verdict.done():
                    publishing.result()  # raises when the server refused the request
                return await verdict
        except TimeoutError:
            if not publishing.done() or not self.connected:
                raise PipelineUnavailable("the message server did not take the request in time") from None
            raise PipelineTimeout("Detection pipeline timeout") from None
        finally:
            WAITING.dec()
            del self._waiting[token]
            publishing.cancel()
            # Retrieved, so that a refusal that came with the verdict is not reported as forgotten.
            with suppress(asyncio.CancelledError, Exception):
                await publishing

    async def submit(self, request: GuardRequest, timeout_s: float = 5.0) -> None:
        """Store a request for which nobody waits; its verdict goes into the bucket of jobs.

        Raises:
            PipelineUnavailable: it was not stored.
        """
        if not self.connected:
            raise PipelineUnavailable("the message server cannot be reached")
        headers = {
            MESSAGE_ID: message_id(request.request_id, "guard"),
            REPLY_TO: f"{JOB_RESULTS}.{request.request_id}",
        }
        try:
            async with asyncio.timeout(timeout_s):
                await self._publish(request, headers, detection_job.publisher)
        except TimeoutError:
            raise PipelineUnavailable("the message server did not take the job in time") from None

    async def _publish(self, request: GuardRequest, headers: dict[str, str], publisher: Any = None) -> None:
        """Publish, again and again until the server has acknowledged; the caller's time limit ends it."""
        publisher = publisher or self._publishers[request.direction]
        while True:
            started = time.monotonic()
            try:
                await publisher.publish(request, headers=headers, timeout=REPUBLISH_AFTER_S)
                return
            except APIError as refusal:
                if refusal.code != 503 or refusal.err_code:
                    reason = refusal.description or type(refusal).__name__
                    raise PipelineUnavailable(f"the message server refused the request: {reason}") from None
            except (NatsError, TimeoutError, OSError):
                if not self.connected:
                    raise PipelineUnavailable("the message server cannot be reached") from None
            REPUBLISHED.inc()
            await asyncio.sleep(max(0.0, 0.2 - (time.monotonic() - started)))

    async def _on_verdict(self, message: Msg) -> None:
        waiting = self._waiting.get(message.subject.rpartition(".")[2])
        if waiting is None or waiting.done():
            UNCLAIMED.inc()
            return
        try:
            waiting.set_result(Verdict.model_validate_json(message.data))
        except ValidationError:
            log.error("a verdict that this version cannot read was dropped")
