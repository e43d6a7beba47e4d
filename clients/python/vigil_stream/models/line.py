"""A line of a streamed answer."""

from vigil_stream.models.base import Answer
from vigil_stream.models.verdict import Verdict


class Line(Answer):
    """`text` to be shown, `withheld` for a window that was cut out; `verdict` or `error` is the last one."""

    type: str
    text: str | None = None
    categories: tuple[str, ...] | None = None
    verdict: Verdict | None = None
    status: int | None = None
    title: str | None = None
    detail: str | None = None
