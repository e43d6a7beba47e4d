"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know."""

import re
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.batch import BatchItem
from app.api.lines import Line
from app.api.pieces import Piece
from app.api.problems import responses

Document = dict[str, Any]

# Models that stand in no signature: items are validated one by one, lines are read and written by hand.
UNNAMED: tuple[type[BaseModel], ...] = (BatchItem, Piece, Line)

# Routes whose errors are problem documents; the others have the shapes of the services that they stand in for.
OWN_ERRORS = ("/v1/", "/beta/", "/compat/webhook/")
# What the door answers before a route is reached.
ANYWHERE = responses(401, 403, 429, 503)
WITH_BODY = responses(400, 408, 413, 415)

REQUEST_ID = {
    "description": "Names the request in the log and, for a judged text, its event.",
    "schema": {"type": "string"},
}
RETRY_AFTER = {"description": "Whole seconds until another try makes sense.", "schema": {"type": "integer"}}
LIMITS = {
    "RateLimit-Policy": {
        "description": 'Quota `q` in window `w` (seconds), as `"minute";q=100;w=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'Rest `r`, seconds `t` until more, as `"minute";r=99;t=60`.',
        "schema": {"type": "string"},
    },
}


def install(app: FastAPI) -> None:
    """Let `app` describe itself in full."""
    cached: list[Document] = []

    def openapi() -> Document:
        if not cached:
            cached.append(complete(FastAPI.openapi(app)))
        return cached[0]

    app.openapi = openapi  # type: ignore[method-assign]
    app.state.methods = lambda path: allowed_methods(openapi(), path)


def complete(document: Document) -> Document:
    """The document with the models, answers and headers that are missing from it."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in UNNAMED], ref_template="#/components/schemas/{model}"
    )
    components = document["components"]["schemas"]
    for name, schema in schemas["$defs"].items():
        components.setdefault(name, schema)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith(OWN_ERRORS):
                _describe(operation)
            elif "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]  # assumed by FastAPI; what is wrong is a 400 there
            for answer in operation["responses"].values():
                answer.setdefault("headers", {})["X-Request-Id"] = REQUEST_ID
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own, which no route answers
        components.pop(name, None)
    return document


def allowed_methods(document: Document, path: str) -> list[str]:
    """The methods that the document knows for a path; routes of several methods are several routes."""
    return [
        method.upper()
        for template, operations in document["paths"].items()
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path)
        for method in operations
    ]


def _describe(operation: Document) -> None:
    answers = operation["responses"]
    for status, answer in (ANYWHERE | (WITH_BODY if "requestBody" in operation else {})).items():
        answers.setdefault(str(status), {"description": answer["description"], "content": _problem()})
    for status, answer in answers.items():
        headers = answer.setdefault("headers", {})
        if status in ("429", "503"):
            headers["Retry-After"] = RETRY_AFTER
        headers.update(LIMITS)
        if int(status) >= 400:
            answer["content"] = _problem()


def _problem() -> Document:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
