"""Texts that nobody waits for."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from vigil_stream.models.base import Answer
from vigil_stream.models.verdict import Verdict


class JobStatus(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


class WebhookState(Answer):
    """Where the webhook of a job is: `pending`, `delivered` or `failed`."""

    url: str
    state: str = "pending"
    attempts: int = 0
    last_error: str | None = None
    delivered_at: datetime | None = None


class Job(Answer):
    """A text that is judged later. With status `done` it has a verdict, with `failed` an error."""

    job_id: str
    status: Annotated[JobStatus | str, Field(union_mode="left_to_right")]
    direction: str = "input"
    mode: str = "full"
    created_at: datetime | None = None
    finished_at: datetime | None = None
    verdict: Verdict | None = None
    error: str | None = None
    webhook: WebhookState | None = None

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it. A status that only a newer server knows is none of these."""
        return self.status in (JobStatus.DONE, JobStatus.FAILED)


class JobPage(Answer):
    """Some jobs, oldest first; `next` is the `after` of the next page, None on the last one."""

    jobs: tuple[Job, ...] = ()
    next: str | None = None


class WebhookSecret(Answer):
    """What the webhooks of a client are signed with."""

    secret: str = Field(repr=False)
