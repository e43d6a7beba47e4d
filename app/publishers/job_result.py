"""`$KV.vigil_jobs.result.<job>`: how a job ended. Nobody waits on an inbox for it; it waits there to be asked for."""

from datetime import UTC, datetime

from faststream.nats import JStream, NatsRouter

from app.schemas.job import JobResult
from app.schemas.verdict import Verdict
from app.streams import JOB_RESULTS, JOBS, PUBLISH_TIMEOUT_S

router = NatsRouter()
publisher = router.publisher(
    f"{JOB_RESULTS}.{{job}}",
    stream=JStream(JOBS.stream, declare=False),
    # An entry of a bucket that the API reads, no message between services.
    include_in_schema=False,
)


def is_address(address: str) -> bool:
    """Whether an answer to this address belongs into the bucket."""
    return address.startswith(f"{JOB_RESULTS}.")


async def publish(address: str, verdict: Verdict | None, error: str | None = None) -> None:
    """Store the result; returns once the server has acknowledged it. Storing it again changes nothing."""
    result = JobResult(verdict=verdict, error=error, finished_at=datetime.now(UTC))
    await publisher.publish(result, subject=address, timeout=PUBLISH_TIMEOUT_S)
