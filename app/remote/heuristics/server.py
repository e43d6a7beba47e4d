"""Answers as the predecessor's heuristics service does."""

from collections import Counter
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from app.detection.heuristics import EVASION, Heuristics
from app.detection.rules.live import LiveRules
from app.offload import offload
from app.remote.branches import Counters, explanations, extension, level
from app.remote.heuristics.contract import AnalyzeRequest
from app.schemas.detection import BranchResult
from app.settings import settings
from app.version import VERSION

# The predecessor's counters, and the categories of ours that they stand for.
_COUNTED = {
    "jailbreak_count": "persona_jailbreak",
    "prompt_leak_count": "prompt_leak",
    "control_override_count": "instruction_override",
}


def create_app(engine: Heuristics | None = None) -> FastAPI:
    """The service: POST /analyze, GET /health, GET /metrics."""
    app = FastAPI(title="Vigil: heuristics", version=VERSION, docs_url=None, redoc_url=None)
    folder = settings().vigil_rules
    ours = engine or Heuristics(LiveRules(folder) if folder else None)
    counters = Counters()
    app.middleware("http")(counters.measure)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        details = [f"{item['loc'][-1]}: {item['msg']}" for item in error.errors()]
        return JSONResponse(
            {"error": "Validation failed", "details": details, "branch_id": "A", "degraded": False}, 400
        )

    @app.post("/analyze")
    async def analyze(question: AnalyzeRequest) -> dict[str, Any]:
        started = perf_counter()
        found = await offload(ours.analyze, question.text)
        return _answer(found, round((perf_counter() - started) * 1000))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {
            "status": "ok",
            "service": "heuristics",
            "branch_id": "A",
            "version": VERSION,
            "timestamp": datetime.now(UTC).isoformat(),
            "components": {
                "patterns": "ready",
                "injection_patterns": {
                    "ready": True,
                    "categories": sorted({rule.category for rule in ours.rules.rules}),
                },
                "normalization": "ready",
            },
        }

    @app.get("/metrics")
    async def metrics() -> Response:
        return counters.page()

    return app


def _answer(found: BranchResult, elapsed_ms: int) -> dict[str, Any]:
    kinds = Counter(item.category for item in found.evidence)
    score = round(found.score)
    return {
        "branch_id": "A",
        "name": "heuristics",
        "score": score,
        "threat_level": level(score),
        "confidence": round(0.6 + min(0.4, 0.05 * len(found.evidence)), 2),
        "features": {
            "obfuscation": {"score": round(max(_scores(found, EVASION), default=0.0))},
            "injection": {
                "injection_count": len(found.evidence),
                **{counter: kinds[category] for counter, category in _COUNTED.items()},
                "categories_triggered": len(kinds),
                "detected_patterns": len({item.rule for item in found.evidence}),
                "score": score,
            },
        },
        "explanations": explanations(found),
        "critical_signals": {"obfuscation_detected": max(_scores(found, EVASION), default=0.0) >= 30},
        "timing_ms": elapsed_ms,
        "degraded": False,
        **extension(found),
    }


def _scores(found: BranchResult, category: str) -> list[float]:
    return [item.score for item in found.evidence if item.category == category]
