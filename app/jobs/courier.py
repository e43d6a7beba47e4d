"""Brings webhooks to their addresses: signed, at least once, by whichever process is at hand."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import httpx
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg
from pydantic import ValidationError

from app.errors import PipelineUnavailable
from app.jobs.address import AddressRefused, NameUnknown, Network, resolve
from app.jobs.record import Delivery, Webhook, WebhookState, view
from app.jobs.signature import Signer
from app.jobs.store import WEBHOOK, JobStore
from app.metrics.api import WEBHOOKS as SENT
from app.runtime.bucket import BucketCopy, Entry
from app.runtime.tasks import cancel
from app.streams import JOB_RESULTS, JOBS
from app.version import VERSION

log = logging.getLogger("vigil.jobs")

# Pauses after failed attempts; after the last one it is given up, about a day after the first.
DELAYS_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0)
ATTEMPT_WITHIN_S = 10.0
LEASE_S = 2 * ATTEMPT_WITHIN_S
LOOK_EVERY_S = 1.0
# A webhook whose job is not done is looked at again after this long, should its news have been missed.
LOOK_AGAIN_S = 5.0
TOGETHER = 16
GONE = 410


class Undelivered(Exception):  # noqa: N818
    """An attempt has failed. `final`: no other can succeed."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Courier:
    """Follows the webhooks that are due and delivers them.

    Args:
        store: the jobs.
        signer: of the deployment.
        allowed: networks that webhooks may go to although they are private.
        connect: gives the process's connection.
    """

    def __init__(
        self,
        store: JobStore,
        signer: Signer,
        allowed: Sequence[Network],
        connect: Callable[[], Awaitable[Connection]],
    ) -> None:
        self._store = store
        self._signer = signer
        self._allowed = allowed
        self._connect = connect
        self._copy = BucketCopy(JOBS, WEBHOOK, connect, self._load, missing_is_empty=True)
        self._waiting: dict[str, float] = {}  # job -> when to look at it, Unix seconds
        self._revisions: dict[str, int] = {}
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(TOGETHER)
        self._under_way: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None
        # No redirects: they would lead where nobody has looked. No proxies: they would look names up again.
        self._http = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=ATTEMPT_WITHIN_S)

    async def start(self) -> None:
        """Begin."""
        await self._copy.start()
        self._running = asyncio.create_task(self._run(), name="deliver webhooks")

    async def stop(self) -> None:
        """End. What is under way is tried again by another process, or after the next start."""
        await self._copy.stop()
        await cancel(self._running, *self._tasks)
        await self._http.aclose()

    def _load(self, entries: dict[str, Entry]) -> None:
        waiting = {}
        for job_id, entry in entries.items():
            if self._revisions.get(job_id) == entry.revision:  # as it was: what is known of it stays
                waiting[job_id] = self._waiting[job_id]
                continue
            try:
                webhook = Webhook.model_validate_json(entry.value)
            except ValidationError:
                log.error("the webhook of %s cannot be read by this version: it is left to another", job_id)
                continue
            waiting[job_id] = max(webhook.next_at, webhook.leased_until)
        self._revisions = {job_id: entries[job_id].revision for job_id in waiting}
        self._waiting = waiting
        self._news.set()

    async def _run(self) -> None:
        connection = await self._connect()
        await connection.subscribe(f"{JOB_RESULTS}.*", cb=self._on_result)
        while True:
            now = time.time()
            for job_id in [name for name, due in self._waiting.items() if due <= now]:
                if job_id not in self._under_way:
                    self._waiting[job_id] = now + LOOK_AGAIN_S
                    self._under_way.add(job_id)
                    task = asyncio.create_task(self._try(job_id))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._news.wait()
            self._news.clear()

    async def _on_result(self, message: Msg) -> None:
        job_id = message.subject.rpartition(".")[2]
        if job_id in self._waiting:
            self._waiting[job_id] = 0.0
            self._news.set()

    async def _try(self, job_id: str) -> None:
        try:
            async with self._places:
                await self._deliver(job_id)
        except PipelineUnavailable as error:
            log.warning("webhook of %s: %s", job_id, error)
        except Exception:
            log.exception("webhook of %s: an error of ours", job_id)
        finally:
            self._under_way.discard(job_id)

    async def _deliver(self, job_id: str) -> None:
        result = await self._store.result(job_id)
        if result is None:
            return
        leased = await self._store.lease(job_id, time.time(), LEASE_S)
        if leased is None:
            return
        webhook, revision = leased
        record = webhook.job
        body = view(record, result, None).model_dump_json(exclude={"webhook"}).encode()
        attempts = webhook.attempts + 1
        state = WebhookState(url=str(record.webhook_url), attempts=attempts)
        try:
            await self._post(webhook, body)
        except Undelivered as failure:
            SENT.labels("failed").inc()
            log.warning("webhook of %s: attempt %d: %s", job_id, attempts, failure)
            state = state.model_copy(update={"last_error": str(failure)})
            if failure.final or attempts > len(DELAYS_S):
                await self._store.settle(job_id, state.model_copy(update={"state": Delivery.FAILED}))
                return
            due = time.time() + DELAYS_S[attempts - 1]
            back = webhook.model_copy(update={"attempts": attempts, "next_at": due, "leased_until": 0.0})
            await self._store.again(back, state, revision)
        else:
            SENT.labels("delivered").inc()
            done = {"state": Delivery.DELIVERED, "delivered_at": datetime.now(UTC)}
            await self._store.settle(job_id, state.model_copy(update=done))

    async def _post(self, webhook: Webhook, body: bytes) -> None:
        record = webhook.job
        try:
            target = await resolve(str(record.webhook_url), self._allowed)
        except AddressRefused as refused:
            raise Undelivered(str(refused), final=True) from None
        except NameUnknown as unknown:
            raise Undelivered(str(unknown)) from None
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": f"Vigil/{VERSION}",
            **self._signer.headers(record.client_id, record.job_id, int(time.time()), body),
        }
        request = self._http.build_request(
            "POST", target.pinned_url, content=body, headers=headers, extensions={"sni_hostname": target.host}
        )
        request.extensions["timeout"] = httpx.Timeout(ATTEMPT_WITHIN_S).as_dict()
        try:
            async with asyncio.timeout(ATTEMPT_WITHIN_S):
                # Streamed and not read: what it says beyond its status is of no interest, however long.
                answer = await self._http.send(request, stream=True)
                await answer.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            raise Undelivered(type(error).__name__) from None
        if not answer.is_success:
            raise Undelivered(f"it answered {answer.status_code}", final=answer.status_code == GONE)
