"""The caller's inbox: a verdict, over core NATS, to the address that travelled with the request."""

from faststream.nats import NatsRouter

from app.publishers import job_result
from app.runtime import headers
from app.schemas.verdict import Verdict

INBOX = "_INBOX.vigil.{process}.{request}"

router = NatsRouter()
publisher = router.publisher(
    INBOX,
    schema=Verdict,
    title="Verdict",
    description="The answer to one request, on the inbox of the API process that asked.",
)


async def publish(verdict: Verdict) -> None:
    """Answer the caller of the message under work; a job's answer is stored; nothing where nobody waits."""
    address = headers.incoming.get().get(headers.REPLY_TO)
    if not address:
        return
    if job_result.is_address(address):
        await job_result.publish(address, verdict)
    else:
        await publisher.publish(verdict, subject=address)
