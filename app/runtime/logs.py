"""Log lines of a Vigil process. They hold ids, never the text under judgement."""

import logging
import sys


def configure(level: str) -> None:
    """Write everything of ours at `level`, everything else from WARNING, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("vigil").setLevel(level)
    logging.getLogger("app").setLevel(level)
