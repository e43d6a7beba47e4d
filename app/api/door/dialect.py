"""Errors as the clients of other services expect them, on the routes that are theirs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.compat.vge_errors import vge_error
from app.api.compat.webhook import stopped
from app.api.door.presented_key import OPENAI, VGE, WEBHOOK
from app.api.problems import MEDIA_TYPE
from app.chat.errors import openai_error

# From a problem document and the headers of its answer to a status and another document; None leaves both as they are.
Translation = Callable[[Mapping[str, Any], Headers], tuple[int, dict[str, Any]] | None]
TRANSLATIONS: dict[str, Translation] = {VGE: vge_error, WEBHOOK: stopped, OPENAI: openai_error}


class Dialect:
    """ASGI middleware: says the problem documents of foreign routes in their own words."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        translate = next((said for prefix, said in TRANSLATIONS.items() if path.startswith(prefix)), None)
        if scope["type"] != "http" or translate is None:
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def translated(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE:
                    held = message
                    return
            elif held is not None:
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                message = _translate(held, body, translate)
                await send(held)
            await send(message)

        await self._app(scope, receive, translated)


def _translate(start: Message, body: bytes, translate: Translation) -> Message:
    """The new body; `start` is changed to fit it."""
    headers = MutableHeaders(raw=start["headers"])
    translated = translate(json.loads(body), headers)
    if translated is None:
        return {"type": "http.response.body", "body": body}
    start["status"], document = translated
    said = json.dumps(document).encode()
    headers["content-type"] = "application/json"
    headers["content-length"] = str(len(said))
    start["headers"] = headers.raw
    return {"type": "http.response.body", "body": said}
