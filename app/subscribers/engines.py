"""The engines of this process, each loaded once, on first use or ahead of the first message."""

from collections.abc import Callable, Mapping
from functools import cache

from app.detection.parallel import Engine
from app.pii.engine import PiiEngine
from app.schemas.detection import BranchName


@cache
def branches() -> Mapping[BranchName, Engine]:
    """The three detection engines."""
    from app.detection.engines import load  # noqa: PLC0415 - 0.5 s and 300 MB that only this worker needs

    return load()


@cache
def pii_engine() -> PiiEngine:
    """The PII engine."""
    return PiiEngine()


_LOADERS: dict[str, Callable[[], object]] = {"detection": branches, "pii": pii_engine}


def preload(workers: tuple[str, ...]) -> None:
    """Load what these workers need, so that the first request does not pay for it."""
    for worker in workers:
        if loader := _LOADERS.get(worker):
            loader()
