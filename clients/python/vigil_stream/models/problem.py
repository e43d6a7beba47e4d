"""An error of the API (RFC 9457)."""

from vigil_stream.models.base import Answer


class FieldError(Answer):
    """One thing wrong with a request."""

    field: str = ""
    message: str = ""


class Problem(Answer):
    """What went wrong, and what to do about it."""

    status: int
    title: str = ""
    detail: str = ""
    type: str = "about:blank"
    request_id: str | None = None
    errors: tuple[FieldError, ...] | None = None
