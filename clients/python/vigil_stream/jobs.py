"""`vigil.jobs`: texts that are judged later, and survive whatever is stopped meanwhile."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from vigil_stream import calls
from vigil_stream.clock import Clock
from vigil_stream.errors import JobFailedError, JobTimeoutError
from vigil_stream.exchange import Flow, Wait, exchange
from vigil_stream.models.batch import Text
from vigil_stream.models.job import Job, JobStatus
from vigil_stream.options import Options

if TYPE_CHECKING:
    from vigil_stream.async_client import AsyncVigil
    from vigil_stream.client import Vigil

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
WAIT_S = 300.0
LEAST_S = 1.0  # for the last look at a job
MANY = 1_000_000


class Jobs:
    """The jobs of a client."""

    def __init__(self, vigil: "Vigil") -> None:
        self._vigil = vigil

    def submit(
        self, text: str | Text, *, webhook_url: str | None = None, idempotency_key: str | None = None
    ) -> Job:
        """Have a text judged. `webhook_url` is sent the finished job, signed: see `vigil_stream.webhooks`."""
        return self._vigil.call(calls.submit_job(text, webhook_url, idempotency_key))

    def get(self, job_id: str) -> Job:
        """Where a job is, and its verdict once there is one."""
        return self._vigil.call(calls.get_job(job_id))

    def list(self) -> Iterator[Job]:
        """The jobs of the last seven days, oldest first; pages are fetched as they are needed."""
        after: str | None = None
        while True:
            page = self._vigil.call(calls.list_jobs(after))
            yield from page.jobs
            if (after := page.next) is None:
                return

    def wait(self, job_id: str, *, timeout: float = WAIT_S) -> Job:
        """The job when it is done, with its verdict.

        Args:
            job_id: of the job.
            timeout: seconds after which to give up waiting.

        Raises:
            JobFailedError: it will have none.
            JobTimeoutError: it was not finished in time; it goes on, and can be waited for again.
        """
        return self._vigil.run(lambda options, clock: finished(job_id, timeout, options, clock))

    def webhook_secret(self) -> str:
        """What the webhooks of this client are signed with."""
        return self._vigil.call(calls.webhook_secret()).secret


class AsyncJobs:
    """The jobs of a client; arguments and errors are those of `Jobs`."""

    def __init__(self, vigil: "AsyncVigil") -> None:
        self._vigil = vigil

    async def submit(
        self, text: str | Text, *, webhook_url: str | None = None, idempotency_key: str | None = None
    ) -> Job:
        """Have a text judged. `webhook_url` is sent the finished job, signed: see `vigil_stream.webhooks`."""
        return await self._vigil.call(calls.submit_job(text, webhook_url, idempotency_key))

    async def get(self, job_id: str) -> Job:
        """Where a job is, and its verdict once there is one."""
        return await self._vigil.call(calls.get_job(job_id))

    async def list(self) -> AsyncIterator[Job]:
        """The jobs of the last seven days, oldest first; pages are fetched as they are needed."""
        after: str | None = None
        while True:
            page = await self._vigil.call(calls.list_jobs(after))
            for job in page.jobs:
                yield job
            if (after := page.next) is None:
                return

    async def wait(self, job_id: str, *, timeout: float = WAIT_S) -> Job:  # noqa: ASYNC109 - as in `Jobs`
        """The job when it is done, with its verdict. See `Jobs.wait`."""
        return await self._vigil.run(lambda options, clock: finished(job_id, timeout, options, clock))

    async def webhook_secret(self) -> str:
        """What the webhooks of this client are signed with."""
        return (await self._vigil.call(calls.webhook_secret())).secret


def finished(job_id: str, timeout: float, options: Options, clock: Clock) -> Flow[Job]:
    """Ask for a job until it is finished, less and less often. A server that is away meanwhile may come back."""
    end = clock.monotonic() + timeout
    pause = FIRST_PAUSE_S
    while True:
        left = max(end - clock.monotonic(), LEAST_S)
        job = yield from exchange(
            calls.get_job(job_id), replace(options, max_retries=MANY, retry_budget=left), clock
        )
        if job.status == JobStatus.FAILED:
            raise JobFailedError(job)
        if job.finished:
            return job
        left = end - clock.monotonic()
        if left <= 0:
            raise JobTimeoutError(job)
        yield Wait(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_S)
