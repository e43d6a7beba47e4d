"""Answers as the predecessor's Presidio service does. No redaction: that is the caller's."""

from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from app.offload import offload
from app.pii.configured import extra_recognizers
from app.pii.engine import PiiEngine
from app.remote.pii.contract import LANGUAGES, MAX_CHARS, AnalyzeRequest
from app.schemas.pii import Entity
from app.settings import settings
from app.version import VERSION

MODE = "balanced"
MODE_DESCRIPTION = "The only mode of this service: checksums, context and name lists decide"
RECOGNIZER = "vigil"


def create_app(engine: PiiEngine | None = None) -> FastAPI:
    """The service: POST /analyze, GET /health, GET /config."""
    app = FastAPI(title="Vigil: personal data", version=VERSION, docs_url=None, redoc_url=None)
    ours = engine or PiiEngine(extra_recognizers(settings()))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        reasons = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return _error(400, "Invalid request", reasons)

    @app.post("/analyze")
    async def analyze(question: AnalyzeRequest) -> JSONResponse:
        if len(question.text) > MAX_CHARS:
            return _error(422, "Text too long", f"the limit is {MAX_CHARS} characters")
        started = perf_counter()
        findings = await offload(ours.analyze, question.text)
        wanted = [entity for entity in findings.entities if _wanted(question, entity)]
        elapsed = round((perf_counter() - started) * 1000)
        return JSONResponse(_answer(question, wanted, elapsed))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {
            "status": "healthy",
            "version": VERSION,
            "service": "vigil-pii",
            "current_mode": MODE,
            "mode_description": MODE_DESCRIPTION,
            "spacy_models": [],
            "custom_recognizers": [
                {"name": name, "entity": kind, "language": language}
                for name, kind in ours.recognizers
                for language in LANGUAGES
            ],
            "recognizers_loaded": len(ours.recognizers),
            "offline_capable": True,
        }

    @app.get("/config")
    async def config() -> dict[str, Any]:
        return {"current_mode": MODE, "context_enhancement": True, "available_modes": [MODE]}

    return app


def _wanted(question: AnalyzeRequest, entity: Entity) -> bool:
    if question.entities and entity.type not in question.entities:
        return False
    return question.text[entity.start : entity.end] not in question.allow_list


def _answer(question: AnalyzeRequest, entities: list[Entity], elapsed_ms: int) -> dict[str, Any]:
    found = [
        {
            "type": entity.type,
            "start": entity.start,
            "end": entity.end,
            "score": entity.score,
            "text": question.text[entity.start : entity.end],
            **(
                {"recognition_metadata": {"recognizer_name": RECOGNIZER, "recognizer_identifier": RECOGNIZER}}
                if question.return_decision_process
                else {}
            ),
        }
        for entity in entities
    ]
    return {
        "entities": found,
        "detection_method": "presidio",
        "processing_time_ms": elapsed_ms,
        "language": question.language if question.language in LANGUAGES else LANGUAGES[0],
        "mode": MODE,
        "mode_description": MODE_DESCRIPTION,
        **({"entities_requested": question.entities} if question.entities else {}),
        **({"rejected_entities": []} if question.return_rejected else {}),
    }


def _error(status: int, error: str, message: str) -> JSONResponse:
    return JSONResponse({"error": error, "message": message}, status)
