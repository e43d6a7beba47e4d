"""Answers as the predecessor's prompt guard does."""

from typing import Any

from fastapi import FastAPI

from app.detection.classifier import Classifier
from app.offload import offload
from app.remote.branches import Question, extension
from app.schemas.detection import BranchResult
from app.version import VERSION

# 1 % of benign texts score as high: docs/detection.md.
ATTACK = 50.0
RISKY, SAFE = 0.95, 0.01
ECHOED = 100


def create_app(engine: Classifier | None = None) -> FastAPI:
    """The service: POST /detect, GET /health."""
    app = FastAPI(title="Vigil: classifier", version=VERSION, docs_url=None, redoc_url=None)
    ours = engine or Classifier()

    @app.post("/detect")
    async def detect(question: Question) -> dict[str, Any]:
        return _answer(question.text, await offload(ours.analyze, question.text))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "healthy", "model_loaded": True, "mock_mode": False}

    return app


def _answer(text: str, found: BranchResult) -> dict[str, Any]:
    attack = found.score >= ATTACK
    return {
        "text": text[:ECHOED],
        "is_attack": attack,
        "risk_score": RISKY if attack else SAFE,
        "confidence": round(0.5 + abs(found.score - ATTACK) / 100, 4),
        "verdict": "ATTACK DETECTED" if attack else "SAFE",
        "score": found.score,
        **extension(found),
    }
