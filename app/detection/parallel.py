"""The branches side by side, each within its time limit."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Protocol, runtime_checkable

from asyncer import create_task_group

from app.detection.fusion import fuse
from app.errors import RemoteFailed
from app.offload import offload
from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.guard import Mode

log = logging.getLogger("vigil.detection")

TIME_LIMITS_S = {BranchName.HEURISTICS: 1.0, BranchName.SEMANTIC: 2.0, BranchName.CLASSIFIER: 3.0}
# A text as short as this is judged in fast mode on the event loop. Both branches take 1.5 ms at the median and 8 ms at
# worst (every other character invisible), well below the 50 ms for which it may be held; threads cost a quarter more.
AT_ONCE_CHARS = 400


class Engine(Protocol):
    """What judges a text for one branch. Called from several threads at once."""

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text."""


@runtime_checkable
class RemoteEngine(Protocol):
    """What asks another process about a text for one branch."""

    async def ask(self, text: str) -> BranchResult:
        """Judge the whole text. Raises RemoteFailed; an answer may be degraded."""


async def detect(
    text: str, mode: Mode, engines: Mapping[BranchName, Engine | RemoteEngine], *, patience: float = 1.0
) -> Detection:
    """Ask every branch of the mode at once and fuse what they say.

    A branch that raises or is late is degraded, never an error of the whole. `patience` multiplies the time limits, for
    those who have no caller waiting.
    """
    names = [name for name in BranchName if mode is Mode.FULL or name is not BranchName.CLASSIFIER]
    asked = {name: _engine(engines[name], mode) for name in names}
    short = mode is Mode.FAST and len(text) <= AT_ONCE_CHARS
    if short and not any(isinstance(engine, RemoteEngine) for engine in asked.values()):
        results = [await _ask(name, engine, text, patience, _at_once) for name, engine in asked.items()]
        return fuse(results, mode)
    async with create_task_group() as group:
        answers = [group.soonify(_ask)(name, engine, text, patience) for name, engine in asked.items()]
    return fuse([answer.value for answer in answers], mode)


def _engine(engine: Engine | RemoteEngine, mode: Mode) -> Engine | RemoteEngine:
    """The engine itself, or the cheaper one it brings for fast mode."""
    fast: Engine | None = getattr(engine, "fast", None)
    return fast if fast is not None and mode is Mode.FAST else engine


async def _at_once(work: Callable[[str], BranchResult], text: str) -> BranchResult:
    return work(text)


async def _ask(
    name: BranchName,
    engine: Engine | RemoteEngine,
    text: str,
    patience: float,
    run: Callable[[Callable[[str], BranchResult], str], Awaitable[BranchResult]] = offload,
) -> BranchResult:
    started, limit = perf_counter(), patience * TIME_LIMITS_S[name]
    try:
        async with asyncio.timeout(limit):
            if isinstance(engine, RemoteEngine):
                return await engine.ask(text)
            return await run(engine.analyze, text)
    except TimeoutError:
        reason = f"no answer within {limit:g} s"
    except RemoteFailed as failure:
        reason = str(failure)
        log.warning("branch %s: %s", name, reason)
    except Exception as error:
        # The text is not logged: an engine's message may quote it, its type cannot.
        reason = f"failed with {type(error).__name__}"
        log.error("branch %s %s", name, reason)
    elapsed = round((perf_counter() - started) * 1000, 3)
    return BranchResult(branch=name, score=0.0, degraded=True, reason=reason, latency_ms=elapsed)
