"""What is stored of a job."""

import hashlib
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.guard import Direction, Mode
from app.schemas.job import JobResult
from app.schemas.verdict import Verdict


class Status(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


class Delivery(StrEnum):
    """Where its webhook is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Stored(BaseModel):
    """What all entries have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class JobRecord(Stored):
    """A job as it was accepted. The text is not here: it travels, and is gone when it is judged."""

    job_id: str
    client_id: str
    direction: Direction
    mode: Mode
    created_at: datetime
    webhook_url: str | None = None

    @property
    def key(self) -> str:
        """Its place in the bucket, without the prefix."""
        return f"{owner(self.client_id)}.{self.job_id}"


class Webhook(Stored):
    """A webhook that is still to be delivered. Times are Unix seconds."""

    job: JobRecord
    attempts: int = 0
    next_at: float = 0.0
    leased_until: float = Field(default=0.0, description="A process is at it; should it die, others may.")


class WebhookState(BaseModel):
    """What the client is told of its webhook."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    state: Delivery = Delivery.PENDING
    attempts: int = 0
    last_error: str | None = None
    delivered_at: datetime | None = None


class Job(BaseModel):
    """A job as its client sees it, and as its webhook brings it."""

    job_id: str = Field(description="Also the request id of its event.")
    status: Status
    direction: Direction
    mode: Mode
    created_at: datetime
    finished_at: datetime | None = None
    verdict: Verdict | None = Field(default=None, description="Present exactly when the job is done.")
    error: str | None = Field(default=None, description="Present exactly when the job has failed.")
    webhook: WebhookState | None = None


def view(record: JobRecord, result: JobResult | None, webhook: WebhookState | None) -> Job:
    """The job with what has become of it."""
    status = Status.QUEUED if result is None else Status.DONE if result.verdict else Status.FAILED
    return Job(
        job_id=record.job_id,
        status=status,
        direction=record.direction,
        mode=record.mode,
        created_at=record.created_at,
        finished_at=result.finished_at if result else None,
        verdict=result.verdict if result else None,
        error=result.error if result and not result.verdict else None,
        webhook=webhook or (WebhookState(url=record.webhook_url) if record.webhook_url else None),
    )


def owner(client_id: str) -> str:
    """A client as one token of a key."""
    return hashlib.sha256(client_id.encode()).hexdigest()[:32]
