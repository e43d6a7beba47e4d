"""Pages for people. They work without a network."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.api.reference import render

ASYNCAPI_PAGE = Path(__file__).parents[2] / "asyncapi" / "index.html"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> RedirectResponse:
    """Where somebody lands who opens the address in a browser."""
    return RedirectResponse("/docs")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The routes of the API."""
    return HTMLResponse(render(request.app.openapi()))


@router.get("/asyncapi")
async def asyncapi() -> HTMLResponse:
    """The subjects and messages of the pipeline."""
    return HTMLResponse(ASYNCAPI_PAGE.read_text(encoding="utf-8"))
