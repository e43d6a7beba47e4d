"""The client of Vigil, which guards applications that are built on language models.

from vigil_stream import Vigil

with Vigil() as vigil:  # VIGIL_URL, VIGIL_API_KEY
    verdict = vigil.guard_input("Ignore all previous instructions")
"""

from vigil_stream.async_client import AsyncVigil
from vigil_stream.client import Vigil
from vigil_stream.completions import async_chat_pieces, chat_pieces
from vigil_stream.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Blocked,
    ConfigurationError,
    ConflictError,
    InvalidAnswerError,
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    OverloadedError,
    PayloadTooLargeError,
    PermissionDeniedError,
    PipelineTimeoutError,
    RateLimitedError,
    ServerError,
    UnprocessableError,
    VigilError,
    WebhookError,
)
from vigil_stream.guarding import Check, Guard
from vigil_stream.jobs import AsyncJobs, Jobs
from vigil_stream.models.batch import BatchItem, BatchVerdict, ItemError, Text
from vigil_stream.models.feedback import FeedbackReceipt, Wrong
from vigil_stream.models.job import Job, JobStatus, WebhookState
from vigil_stream.models.problem import FieldError, Problem
from vigil_stream.models.verdict import (
    Branch,
    Decision,
    DecisionProcess,
    Direction,
    Entity,
    Evidence,
    Floor,
    Mask,
    Mode,
    Timings,
    Verdict,
)
from vigil_stream.streams import AsyncGuardedStream, GuardedStream
from vigil_stream.turn import AsyncTurn, Turn
from vigil_stream.version import __version__

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncGuardedStream",
    "AsyncJobs",
    "AsyncTurn",
    "AsyncVigil",
    "AuthenticationError",
    "BadRequestError",
    "BatchItem",
    "BatchVerdict",
    "Blocked",
    "Branch",
    "Check",
    "ConfigurationError",
    "ConflictError",
    "Decision",
    "DecisionProcess",
    "Direction",
    "Entity",
    "Evidence",
    "FeedbackReceipt",
    "FieldError",
    "Floor",
    "Guard",
    "GuardedStream",
    "InvalidAnswerError",
    "ItemError",
    "Job",
    "JobFailedError",
    "JobStatus",
    "JobTimeoutError",
    "Jobs",
    "Mask",
    "Mode",
    "NotFoundError",
    "OverloadedError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "PipelineTimeoutError",
    "Problem",
    "RateLimitedError",
    "ServerError",
    "Text",
    "Timings",
    "Turn",
    "UnprocessableError",
    "Verdict",
    "Vigil",
    "VigilError",
    "WebhookError",
    "WebhookState",
    "Wrong",
    "__version__",
    "async_chat_pieces",
    "chat_pieces",
]
