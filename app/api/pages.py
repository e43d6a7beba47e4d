"""Pages for people. They work without a network."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

ASYNCAPI_PAGE = Path(__file__).parents[2] / "asyncapi" / "index.html"

router = APIRouter(include_in_schema=False)


@router.get("/asyncapi")
async def asyncapi() -> HTMLResponse:
    """The subjects and messages of the pipeline."""
    return HTMLResponse(ASYNCAPI_PAGE.read_text(encoding="utf-8"))
