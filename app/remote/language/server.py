"""Answers as the predecessor's language detector does."""

from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.pii import language
from app.remote.language.contract import MAX_CHARS, MIN_CHARS, DetectRequest
from app.version import VERSION

NAMES = {
    "pl": "Polish", "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "cs": "Czech", "sk": "Slovak", "uk": "Ukrainian", "ru": "Russian",
    "lt": "Lithuanian", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish", "hu": "Hungarian",
    "ro": "Romanian", "tr": "Turkish", "ar": "Arabic", "ja": "Japanese", "zh": "Chinese", "ko": "Korean",
}  # fmt: skip


class BatchRequest(BaseModel):
    """Several texts at once."""

    texts: list[str]


def create_app() -> FastAPI:
    """The service: POST /detect, POST /batch, GET /health."""
    app = FastAPI(title="Vigil: language", version=VERSION, docs_url=None, redoc_url=None)
    language.load()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return JSONResponse({"error": "; ".join(f"{i['loc'][-1]}: {i['msg']}" for i in error.errors())}, 400)

    @app.post("/detect")
    async def detect(question: DetectRequest) -> JSONResponse:
        if reason := _refusal(question.text):
            return JSONResponse({"error": reason}, 400)
        started = perf_counter()
        answer = _answer(question.text)
        answer["processing_time_ms"] = round((perf_counter() - started) * 1000, 3)
        if question.detailed:
            answer["signals"] = {"sampled_characters": min(len(question.text), language.SAMPLE_CHARS)}
        return JSONResponse(answer)

    @app.post("/batch")
    async def batch(question: BatchRequest) -> JSONResponse:
        results = [
            {"text": text, "error": reason} if (reason := _refusal(text)) else {"text": text, **_answer(text)}
            for text in question.texts
        ]
        failed = sum("error" in result for result in results)
        return JSONResponse({"results": results, "total": len(results), "failed": failed})

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "healthy", "service": "vigil-language", "version": VERSION}

    return app


def _refusal(text: str) -> str | None:
    if not MIN_CHARS <= len(text.strip()) <= len(text) <= MAX_CHARS:
        return f"text: it must have {MIN_CHARS} to {MAX_CHARS} characters, this one has {len(text)}"
    return None


def _answer(text: str) -> dict[str, Any]:
    found = language.identify(text)
    return {
        "language": found.code,
        "confidence": round(found.confidence, 3),
        "method": found.method,
        "language_name": NAMES.get(found.code, found.code),
    }
