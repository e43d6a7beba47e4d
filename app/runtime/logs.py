"""Log lines of a Vigil process, as text or as JSON. They hold ids, never the text under judgement."""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from app import tracing
from app.runtime import headers
from app.runtime.dead_letters import describe

# The request under work in this task, empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

Format = Literal["text", "json"]
TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(request)s%(message)s"


class _Named(logging.Filter):
    """Gives a line the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        name = request_id.get()
        record.request = f"{name} " if name else ""
        return True


class _Text(logging.Formatter):
    """Lines for people."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        return _trace(ei)


class _Json(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and where they are known request_id, trace_id, span_id,
    error.
    """

    def format(self, record: logging.LogRecord) -> str:
        trace_id, span_id = tracing.identify(headers.incoming.get())
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "trace_id": trace_id,
            "span_id": span_id,
            "error": _trace(record.exc_info) if record.exc_info else "",
        }
        return json.dumps({name: value for name, value in line.items() if value}, ensure_ascii=False)


def configure(level: str, form: Format = "text") -> None:
    """Write everything of ours at `level`, everything else from WARNING, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text(TEXT))
    handler.addFilter(_Named())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("vigil").setLevel(level)
    logging.getLogger("app").setLevel(level)


def _trace(raised: object) -> str:
    """Where an error came from and what it says; validation errors, which quote what they refuse, say only where."""
    error = raised[1] if isinstance(raised, tuple) else None
    if not isinstance(error, BaseException):
        return ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__name__}: {describe(error)}"
