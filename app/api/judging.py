"""From what a client sent to its verdict: policy, place, pipeline."""

from datetime import UTC, datetime

from app.access.client import Client
from app.access.policy_book import PolicyBook
from app.access.policy_document import PolicyDocument
from app.api.bodies import GuardInput, GuardOutput, GuardText
from app.api.door.capacity import Capacity
from app.api.pipeline import Pipeline
from app.api.problems import Refusal
from app.errors import PipelineTimeout, PipelineUnavailable
from app.metrics.api import FAILED_OPEN, LATENCY, VERDICTS
from app.schemas.decision import Decision
from app.schemas.detection import BranchName
from app.schemas.guard import Direction, GuardRequest, Mode
from app.schemas.policy import FailMode, Policy
from app.schemas.verdict import Verdict


class Judging:
    """Gives texts to the pipeline as their client's policy wants it."""

    def __init__(
        self,
        pipeline: Pipeline,
        capacity: Capacity,
        policies: PolicyBook,
        timeout_s: float,
        block_threshold: float,
    ) -> None:
        self._pipeline = pipeline
        self._capacity = capacity
        self._policies = policies
        self._timeout_s = timeout_s
        self._block_threshold = block_threshold

    def request(self, body: GuardText, client: Client, request_id: str) -> GuardRequest:
        """The message for one text.

        Raises:
            Refusal: 403, the client may not ask for this mode.
            PipelineUnavailable: the client's policy is not known yet.
        """
        policy = self._policies.of(client.client_id)
        allow_mode(policy, body.mode)
        output = isinstance(body, GuardOutput)
        operator = isinstance(body, GuardInput) and body.operator
        return GuardRequest(
            request_id=request_id,
            client_id=client.client_id,
            direction=Direction.OUTPUT if output else Direction.INPUT,
            mode=body.mode,
            text=body.text,
            prompt=body.prompt if isinstance(body, GuardOutput) else None,
            return_decision_process=body.return_decision_process,
            policy=uncut(policy.for_workers, self._block_threshold) if operator else policy.for_workers,
            accepted_at=datetime.now(UTC),
        )

    async def judge(self, request: GuardRequest) -> Verdict:
        """The verdict. Where the policy fails open, a text without one is allowed, and its verdict says so.

        Raises:
            PipelineUnavailable, PipelineTimeout: there is none, and the policy fails closed.
        """
        try:
            with self._capacity.place(), LATENCY.labels(request.direction, request.mode).time():
                verdict = await self._pipeline.judge(request, self._timeout_s)
        except (PipelineUnavailable, PipelineTimeout):
            if request.policy.fail_mode is FailMode.CLOSED:
                raise
            verdict = failed_open(request)
        VERDICTS.labels(request.direction, verdict.decision).inc()
        return verdict


def allow_mode(policy: PolicyDocument, mode: Mode) -> None:
    """Raises a 403 when the policy does not have this mode."""
    if mode not in policy.modes:
        allowed = " or ".join(f"`{name}`" for name in policy.modes)
        raise Refusal(403, f"mode: this key's policy allows {allowed} only")


def uncut(policy: Policy, block_threshold: float) -> Policy:
    """The same policy, but it cuts nothing below the score of a BLOCK: an operator's words are orders."""
    return policy.model_copy(update={"sanitize_threshold": policy.block_threshold or block_threshold})


def failed_open(request: GuardRequest) -> Verdict:
    """The verdict on a text that nobody has judged, where the policy allows it."""
    FAILED_OPEN.inc()
    degraded = tuple(
        name for name in BranchName if request.mode is Mode.FULL or name is not BranchName.CLASSIFIER
    )
    return Verdict(
        request_id=request.request_id,
        decision=Decision.ALLOW,
        threat_score=0.0,
        degraded=degraded,
        fail_mode=FailMode.OPEN,
        failed=True,
        policy_version=request.policy.version,
    )
