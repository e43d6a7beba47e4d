"""The log line of a request."""

import logging

import pytest
from starlette.responses import Response

from app.api.door.request_id import RequestId


async def _receive() -> dict[str, object]:
    return {"type": "http.request"}


async def _send(_: object) -> None:
    """Nobody listens."""


async def test_a_path_cannot_write_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vigil.api")
    path = "/v1/x\nINFO vigil.api: POST /v1/guard/input 200\x1b[2J"
    await RequestId(Response())({"type": "http", "method": "GET", "path": path}, _receive, _send)
    (message,) = caplog.messages
    assert message.startswith("GET /v1/x%0AINFO%20vigil.api")
    assert message.isprintable()
