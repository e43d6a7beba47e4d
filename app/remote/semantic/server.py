"""Answers as the predecessor's semantic service does."""

from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from app.detection.semantic import Semantic
from app.offload import offload
from app.remote.branches import HIGH, MEDIUM, Counters, explanations, extension, level
from app.remote.semantic.contract import AnalyzeRequest
from app.schemas.detection import BranchResult
from app.version import VERSION

MODEL = "universal-sentence-encoder-multilingual-3, tuned"


def create_app(engine: Semantic | None = None) -> FastAPI:
    """The service: POST /analyze, GET /health, GET /metrics."""
    app = FastAPI(title="Vigil: semantic", version=VERSION, docs_url=None, redoc_url=None)
    ours = engine or Semantic()
    started_at = perf_counter()
    counters = Counters()
    app.middleware("http")(counters.measure)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return JSONResponse({"error": "; ".join(f"{i['loc'][-1]}: {i['msg']}" for i in error.errors())}, 400)

    @app.post("/analyze")
    async def analyze(question: AnalyzeRequest) -> dict[str, Any]:
        started = perf_counter()
        found = await offload(ours.analyze, question.text)
        return _answer(question, found, round((perf_counter() - started) * 1000))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {
            "status": "healthy",
            "service": "semantic",
            "branch": {"id": "B", "name": "semantic"},
            "checks": {"model": True, "clickhouse": True},
            "uptime_ms": round((perf_counter() - started_at) * 1000),
        }

    @app.get("/metrics")
    async def metrics() -> Response:
        return counters.page()

    return app


def _answer(question: AnalyzeRequest, found: BranchResult, elapsed_ms: int) -> dict[str, Any]:
    score = round(found.score)
    # The predecessor's figures are cosines to exemplars; ours is the distance of the score from its middle.
    delta = round((found.score - 50) / 100, 4)
    return {
        "branch_id": "B",
        "name": "semantic",
        "score": score,
        "threat_level": level(score),
        "confidence": round(min(1.0, abs(delta) * 2), 4),
        "critical_signals": {"high_similarity": score >= HIGH},
        "features": {
            "top_similarity": round(found.score / 100, 4),
            "safe_similarity": round(1 - found.score / 100, 4),
            "delta": delta,
            "classification": "ATTACK" if score >= HIGH else "UNCERTAIN" if score >= MEDIUM else "SAFE",
            "embedding_model": MODEL,
            "two_phase_search": False,
        },
        "explanations": explanations(found),
        "timing_ms": elapsed_ms,
        "degraded": False,
        **({} if question.request_id is None else {"request_id": question.request_id}),
        **extension(found),
    }
