"""`/v1/guard/jobs`: texts that nobody waits for."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.access.client import Client, Scope
from app.api.batch import BatchItem
from app.api.door.authentication import require
from app.api.idempotency import Outcome
from app.api.problems import Refusal, responses
from app.api.routes import IdempotencyKey
from app.jobs.address import MAX_URL_CHARS, AddressRefused, NameUnknown, resolve
from app.jobs.record import Job, JobRecord, view

JOB_ID = r"^req_[0-9a-f]{32}$"
NOT_FOUND = "there is no such job of yours; jobs are kept for seven days"

router = APIRouter(prefix="/v1/guard", tags=["jobs"])
ERRORS = responses(401, 403, 408, 422, 429, 503)
Guarded = Annotated[Client, Depends(require(Scope.GUARD))]


class NewJob(BatchItem):
    """A text, and where the news of its verdict goes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "A long report ...", "webhook_url": "https://example.com/hooks/vigil"}]
        }
    )

    webhook_url: (
        Annotated[
            str,
            Field(max_length=MAX_URL_CHARS),
            # What is usual. What is allowed depends on the host's addresses, and on VIGIL_WEBHOOK_ALLOW.
            WithJsonSchema(
                {
                    "type": "string",
                    "pattern": r"^https://[a-z0-9]+(\.[a-z]{2,20}){1,3}(:[1-9][0-9]{1,3})?(/[a-z0-9/]{0,200})?$",
                    "description": "An https URL on the public internet.",
                }
            ),
        ]
        | None
    ) = None


class JobList(BaseModel):
    """Jobs, oldest first."""

    jobs: tuple[Job, ...]
    next: str | None = Field(default=None, description="`after` of the next page; null on the last one.")


class WebhookSecret(BaseModel):
    """What this client's webhooks are signed with (Standard Webhooks)."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


@router.post(
    "/jobs",
    status_code=202,
    summary="Judge a text later",
    response_model=Job,
    responses=ERRORS | responses(400, 409, 413, 415),
)
async def submit(
    body: NewJob, request: Request, client: Guarded, idempotency_key: IdempotencyKey = None
) -> Response:
    """Accepted means stored: the job is judged whatever is stopped or killed meanwhile. Ask for it under
    `Location`, or let its webhook tell: a POST of the finished job, signed as Standard Webhooks has it.

    `Idempotency-Key` works as with `/v1/guard/input`.
    """
    state = request.app.state
    if body.webhook_url is not None:
        await _check(body.webhook_url, request)

    async def run() -> Outcome:
        message = state.judging.request(body.body, client, request.state.request_id)
        state.capacity.admit_job()
        record = JobRecord(
            job_id=message.request_id,
            client_id=client.client_id,
            direction=message.direction,
            mode=message.mode,
            created_at=datetime.now(UTC),
            webhook_url=body.webhook_url,
        )
        await state.jobs.add(record)
        try:
            await state.pipeline.submit(message)
        except BaseException:
            await state.jobs.drop(record)
            raise
        return Outcome(view(record, None, None).model_dump_json().encode())

    answer = await state.idempotency.once(
        idempotency_key,
        (client.client_id, request.url.path),
        body.model_dump_json().encode(),
        run,
    )
    job = Job.model_validate_json(answer.content)
    headers = {"Location": f"/v1/guard/jobs/{job.job_id}", "Retry-After": "1"}
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.content, 202, headers, "application/json")


@router.get("/jobs", summary="List jobs", responses=ERRORS)
async def list_jobs(
    request: Request,
    client: Guarded,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")] = "0",
) -> JobList:
    """The client's jobs of the last seven days, oldest first."""
    page = await request.app.state.jobs.list(client.client_id, limit, int(after))
    return JobList(jobs=page.jobs, next=None if page.next is None else str(page.next))


@router.get("/jobs/{job_id}", summary="Ask for a job", responses=ERRORS | responses(404))
async def get_job(
    job_id: Annotated[str, Path(pattern=JOB_ID, examples=["req_01a20b538f169887654cebfea8ae7eb9"])],
    request: Request,
    client: Guarded,
) -> Job:
    """Where it is, and its verdict once there is one."""
    job: Job | None = await request.app.state.jobs.get(client.client_id, job_id)
    if job is None:
        raise Refusal(404, NOT_FOUND)
    return job


@router.get("/webhook-secret", summary="The secret of this client's webhooks", responses=ERRORS)
async def webhook_secret(request: Request, client: Guarded) -> WebhookSecret:
    """Verify `webhook-signature` with it: HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`."""
    return WebhookSecret(secret=request.app.state.signer.secret(client.client_id))


async def _check(url: str, request: Request) -> None:
    """Refuse at once what no attempt could deliver. Every attempt checks again."""
    try:
        await resolve(url, request.app.state.webhook_networks)
    except AddressRefused as refused:
        raise Refusal(
            422, f"webhook_url: {refused}", errors=[{"field": "webhook_url", "message": str(refused)}]
        ) from None
    except NameUnknown:
        return  # it may have one by the time that the job is done
