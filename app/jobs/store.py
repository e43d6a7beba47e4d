"""Jobs in their bucket: `job.<owner>.<id>`, `result.<id>`, `webhook.<id>` while one is due, `outcome.<id>` after."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import (
    BucketNotFoundError,
    KeyDeletedError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
)
from nats.js.kv import KeyValue
from pydantic import BaseModel

from app.errors import PipelineUnavailable
from app.jobs.record import Job, JobRecord, Webhook, WebhookState, owner, view
from app.runtime.bucket import changes
from app.schemas.job import JobResult
from app.streams import JOBS

T = TypeVar("T", bound=BaseModel)

JOB, RESULT, WEBHOOK, OUTCOME = "job", "result", "webhook", "outcome"


@dataclass(frozen=True)
class Page:
    """Some jobs of a client, oldest first, and where the next page begins."""

    jobs: tuple[Job, ...]
    next: int | None


class JobStore:
    """Reads and writes the bucket. Every method raises PipelineUnavailable when that cannot be reached."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], connected: Callable[[], bool]) -> None:
        self._connect = connect
        self._connected = connected
        self._opened: tuple[JetStreamContext, KeyValue] | None = None

    async def add(self, record: JobRecord) -> None:
        """Store a new job, and its webhook if it has one."""
        async with self._bucket() as (_, bucket):
            await bucket.put(f"{JOB}.{record.key}", _dump(record))
            if record.webhook_url:
                await bucket.put(f"{WEBHOOK}.{record.job_id}", _dump(Webhook(job=record)))

    async def drop(self, record: JobRecord) -> None:
        """Take a job back that could not be handed to the pipeline."""
        async with self._bucket() as (_, bucket):
            await bucket.purge(f"{WEBHOOK}.{record.job_id}")
            await bucket.purge(f"{JOB}.{record.key}")

    async def get(self, client_id: str, job_id: str) -> Job | None:
        """A job of this client, None when it has no such job."""
        async with self._bucket() as (_, bucket):
            found = await _get(bucket, f"{JOB}.{owner(client_id)}.{job_id}", JobRecord)
            return None if found is None else await self._view(bucket, found[0])

    async def list(self, client_id: str, limit: int, after: int = 0) -> Page:
        """Up to `limit` jobs of this client that were stored after revision `after`."""
        async with self._bucket() as (js, bucket):
            jobs: list[Job] = []
            last = after
            async for entry in changes(js, JOBS, f"{JOB}.{owner(client_id)}", after):
                if len(jobs) == limit:
                    return Page(tuple(jobs), last)
                last = entry.revision
                if not entry.removed:
                    jobs.append(await self._view(bucket, JobRecord.model_validate_json(entry.value)))
            return Page(tuple(jobs), None)

    async def result(self, job_id: str) -> JobResult | None:
        """How a job ended, None while it has not."""
        async with self._bucket() as (_, bucket):
            found = await _get(bucket, f"{RESULT}.{job_id}", JobResult)
            return found[0] if found else None

    async def lease(self, job_id: str, now: float, seconds: float) -> tuple[Webhook, int] | None:
        """The webhook for this process alone, for a while, with its revision; None when it is not to be had."""
        async with self._bucket() as (_, bucket):
            found = await _get(bucket, f"{WEBHOOK}.{job_id}", Webhook)
            if found is None or found[0].next_at > now or found[0].leased_until > now:
                return None
            leased = found[0].model_copy(update={"leased_until": now + seconds})
            try:
                return leased, await bucket.update(f"{WEBHOOK}.{job_id}", _dump(leased), last=found[1])
            except KeyWrongLastSequenceError:
                return None

    async def again(self, webhook: Webhook, state: WebhookState, revision: int) -> None:
        """Give a webhook back, to be tried again at its `next_at`."""
        job_id = webhook.job.job_id
        async with self._bucket() as (_, bucket):
            await bucket.put(f"{OUTCOME}.{job_id}", _dump(state))
            try:
                await bucket.update(f"{WEBHOOK}.{job_id}", _dump(webhook), last=revision)
            except KeyWrongLastSequenceError:
                return  # the lease ran out, and another process is at it

    async def settle(self, job_id: str, state: WebhookState) -> None:
        """A webhook that was delivered, or given up."""
        async with self._bucket() as (_, bucket):
            await bucket.put(f"{OUTCOME}.{job_id}", _dump(state))
            await bucket.purge(f"{WEBHOOK}.{job_id}")

    async def _view(self, bucket: KeyValue, record: JobRecord) -> Job:
        result = await _get(bucket, f"{RESULT}.{record.job_id}", JobResult)
        outcome = (
            await _get(bucket, f"{OUTCOME}.{record.job_id}", WebhookState) if record.webhook_url else None
        )
        return view(record, result[0] if result else None, outcome[0] if outcome else None)

    @asynccontextmanager
    async def _bucket(self) -> AsyncIterator[tuple[JetStreamContext, KeyValue]]:
        if not self._connected():
            raise PipelineUnavailable("the message server cannot be reached")
        try:
            if self._opened is None:
                js = (await self._connect()).jetstream(timeout=2.0)
                self._opened = js, await js.key_value(JOBS.name)
            yield self._opened
        except BucketNotFoundError:
            raise PipelineUnavailable(
                f"bucket {JOBS.name} does not exist: run `vigil streams apply`"
            ) from None
        except (NatsError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise PipelineUnavailable(f"jobs cannot be looked up ({reason})") from None


async def _get(bucket: KeyValue, key: str, model: type[T]) -> tuple[T, int] | None:
    try:
        entry = await bucket.get(key)
    except (KeyNotFoundError, KeyDeletedError):
        return None
    return model.model_validate_json(entry.value or b""), int(entry.revision or 0)


def _dump(entry: BaseModel) -> bytes:
    return entry.model_dump_json().encode()
