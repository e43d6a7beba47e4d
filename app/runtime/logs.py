"""Log lines of a Vigil process. They hold ids, never the text under judgement."""

import logging
import sys
from contextvars import ContextVar

# The request under work in this task, empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class _Named(logging.Filter):
    """Gives a line the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        name = request_id.get()
        record.request = f"{name} " if name else ""
        return True


def configure(level: str) -> None:
    """Write everything of ours at `level`, everything else from WARNING, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(request)s%(message)s"))
    handler.addFilter(_Named())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("vigil").setLevel(level)
    logging.getLogger("app").setLevel(level)
