"""Is it alive, is it ready, how is it doing."""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.access.keys import StoredKeys
from app.api.pipeline import Pipeline
from app.errors import VigilError
from app.limits.limiter import Limiter
from app.schemas.guard import GuardRequest, Mode

router = APIRouter(tags=["operations"])

PROBE_TIMEOUT_S = 3.0
# Many probers, a load balancer's among them, share one message through the pipeline.
PROBE_VALID_S = 1.0


class Readiness:
    """Sends a message through the pipeline and remembers for a moment how that went."""

    def __init__(self, pipeline: Pipeline, keys: StoredKeys, limiter: Limiter) -> None:
        self._pipeline = pipeline
        self._keys = keys
        self._limiter = limiter
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._answer: tuple[bool, dict[str, Any]] = (False, {})

    async def check(self) -> tuple[bool, dict[str, Any]]:
        """Whether a message comes through, and what is to be said about it."""
        async with self._lock:
            if time.monotonic() - self._asked_at > PROBE_VALID_S:
                self._answer = await self._probe()
                self._asked_at = time.monotonic()
            return self._answer

    async def _probe(self) -> tuple[bool, dict[str, Any]]:
        started = time.perf_counter()
        probe = GuardRequest(
            request_id=f"probe_{secrets.token_hex(8)}",
            client_id="readiness",
            mode=Mode.FAST,
            text="Good morning",
            accepted_at=datetime.now(UTC),
            probe=True,
        )
        try:
            await self._pipeline.judge(probe, PROBE_TIMEOUT_S)
        except VigilError as error:
            return False, {"status": "not ready", "reason": str(error)}
        return True, {
            "status": "ready",
            "pipeline_ms": round((time.perf_counter() - started) * 1000, 1),
            # What goes on working without a part that is away.
            "degraded": {
                name: trouble
                for name, trouble in (("keys", self._keys.trouble), ("rate_limits", self._limiter.trouble))
                if trouble
            },
        }


@router.get("/healthz", summary="Alive")
async def healthz() -> dict[str, str]:
    """200 as long as the process answers."""
    return {"status": "alive"}


@router.get("/readyz", summary="Ready", responses={503: {"description": "Not ready; `reason` says why"}})
async def readyz(request: Request) -> JSONResponse:
    """200 when a probe message has just gone through the whole pipeline."""
    ready, answer = await request.app.state.readiness.check()
    return JSONResponse(answer, 200 if ready else 503, None if ready else {"Retry-After": "2"})


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics() -> Response:
    """Counters and histograms of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
