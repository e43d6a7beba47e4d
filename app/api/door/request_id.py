"""An id for every request: in its answer, its log lines and, for a guarded text, its event."""

import logging
import secrets
import time
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.key import masked
from app.api.door.presented_key import PROTECTED
from app.runtime.logs import request_id as current

log = logging.getLogger("vigil.api")

HEADER = "X-Request-Id"


def new_request_id() -> str:
    """An id that sorts by time: 12 hexadecimal digits of milliseconds, 20 of randomness."""
    return f"req_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class RequestId:
    """ASGI middleware, the outermost: names the request, adds headers that others left, writes one log line.

    Whatever is put into `scope["state"]["headers"]` on the way in goes into the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = name = new_request_id()
        state["headers"] = {HEADER: name}
        token = current.set(name)
        status = 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(state["headers"])
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            if scope["path"].startswith(PROTECTED):
                client = state.get("client")
                log.info(
                    "%s %s %d %.1f ms client=%s", scope["method"], masked(quote(scope["path"])), status,
                    (time.perf_counter() - started) * 1000, client.client_id if client else "-",
                )  # fmt: skip
            current.reset(token)
