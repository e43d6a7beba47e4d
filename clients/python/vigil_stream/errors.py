"""Everything that can be raised.

VigilError                        no verdict
  x ConfigurationError            the client cannot be used like this: address, key, arguments
  x APIConnectionError            no answer
    - APITimeoutError             ... in time
  x InvalidAnswerError            an answer that is none of Vigil's
  x JobFailedError                the job will have no verdict
  x JobTimeoutError               the job is not finished yet
  x WebhookError                  a webhook that is not Vigil's
  x APIStatusError                an error answer: status, problem, request_id, retry_after
    - BadRequestError             400
    - AuthenticationError         401: no key, or one that is unknown, expired or revoked
    - PermissionDeniedError       403: the key lacks the scope, its policy the mode
    - NotFoundError               404
    - ConflictError               409: the first request of the idempotency key is under way; or switched off
    - PayloadTooLargeError        413: over 100,000 characters
    - UnprocessableError          422: `problem.errors` names the fields
    - RateLimitedError            429
    + ServerError                 5xx
      - OverloadedError           503: the server takes no requests now
      - PipelineTimeoutError      504: the server took the request, but had no verdict in time

Blocked                           a verdict: the text must not be passed on

`Blocked` is no `VigilError`: whoever catches those to go on without Vigil does not go on with a blocked text.
"""

from vigil_stream.models.job import Job
from vigil_stream.models.problem import Problem
from vigil_stream.models.verdict import Verdict


class VigilError(Exception):
    """There is no verdict."""

    retryable: bool = False
    """The same call may succeed a moment later."""

    unavailable: bool = False
    """Vigil could not do its work, for no fault of the request. `fail_mode="open"` goes on only after these."""

    retry_after: float | None = None
    """Seconds after which the server wants to be asked again."""


class ConfigurationError(VigilError):
    """The client cannot be used like this."""


class APIConnectionError(VigilError):
    """No answer: the connection could not be made, or broke."""

    unavailable = True

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class APITimeoutError(APIConnectionError):
    """No answer in time."""


class InvalidAnswerError(VigilError):
    """An answer that is none of Vigil's. Is the address right?"""


class JobFailedError(VigilError):
    """The job will have no verdict: `job.error` says why."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        return f"job {self.job.job_id} failed: {self.job.error}"


class JobTimeoutError(VigilError):
    """The job is not finished yet. It goes on, and can be waited for again."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        return f"job {self.job.job_id} is not finished yet: it is {self.job.status}"


class WebhookError(VigilError):
    """A webhook that is not Vigil's, or not of now: do not believe it."""


class APIStatusError(VigilError):
    """An error answer.

    Attributes:
        status: the HTTP status.
        problem: what the server said about it.
        request_id: names the request in the server's log.
    """

    def __init__(
        self, problem: Problem, *, request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = problem.status
        self.request_id = request_id or problem.request_id
        self.retry_after = retry_after
        # 409 with a wait: an attempt before this one, under the same idempotency key, is still under way.
        self.retryable = problem.status in RETRYABLE or (problem.status == 409 and retry_after is not None)
        self.unavailable = problem.status >= 500 or problem.status == 408

    def __str__(self) -> str:
        what = self.problem.detail or self.problem.title
        where = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {what}{where}"


class BadRequestError(APIStatusError):
    """400."""


class AuthenticationError(APIStatusError):
    """401: no key, or one that is unknown, expired or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the key lacks the scope, or its policy does not allow what was asked for."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class PayloadTooLargeError(APIStatusError):
    """413: the text is longer than the server takes."""


class UnprocessableError(APIStatusError):
    """422: the request makes no sense; `problem.errors` names the fields."""


class RateLimitedError(APIStatusError):
    """429: the key's limit is used up; `retry_after` says for how long."""


class ServerError(APIStatusError):
    """5xx."""


class OverloadedError(ServerError):
    """503: the server takes no requests now; `retry_after` says when to try again."""


class PipelineTimeoutError(ServerError):
    """504: the server took the request, but had no verdict in time."""


class Blocked(Exception):  # noqa: N818 - a verdict, not an error
    """The text must not be passed on.

    Attributes:
        verdict: why.
        direction: `input` for a prompt, `output` for an answer.
    """

    def __init__(self, verdict: Verdict, direction: str) -> None:
        super().__init__(verdict, direction)
        self.verdict = verdict
        self.direction = direction

    def __str__(self) -> str:
        what = ", ".join(self.verdict.categories) or f"threat score {self.verdict.threat_score:g}"
        return f"the {self.direction} was blocked: {what} (request {self.verdict.request_id})"


RETRYABLE = frozenset({408, 425, 429, 502, 503, 504})

OF_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    422: UnprocessableError,
    429: RateLimitedError,
    503: OverloadedError,
    504: PipelineTimeoutError,
}


def status_error(
    problem: Problem, *, request_id: str | None = None, retry_after: float | None = None
) -> APIStatusError:
    """The error for a status."""
    kind = OF_STATUS.get(problem.status, ServerError if problem.status >= 500 else APIStatusError)
    return kind(problem, request_id=request_id, retry_after=retry_after)
