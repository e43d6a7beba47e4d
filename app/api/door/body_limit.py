"""Limits on request bodies, in bytes and in time, that hold while they are read."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import Refusal, identity, problem

# Two texts of 100,000 characters, each character as two \\uXXXX escapes of six bytes, and some room.
MAX_BODY_BYTES = 2 * 100_000 * 12 + 10_000
DETAIL = f"the body is larger than {MAX_BODY_BYTES:,} bytes: send at most 100,000 characters of text"
# The largest body in this time is 2 Mbit/s.
BODY_WITHIN_S = 10.0
SLOW = f"the body did not arrive within {BODY_WITHIN_S:g} s"


class BodyLimit:
    """ASGI middleware: 413 as soon as a body is known to be too large, declared or not; 408 when it is late."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            await problem(413, DETAIL, {"Connection": "close"}, **identity(scope))(scope, receive, send)
            return
        received, complete = 0, False
        until = asyncio.get_running_loop().time() + BODY_WITHIN_S

        async def counted() -> Message:
            nonlocal received, complete
            if complete:  # what comes now is the news that the client has gone
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise Refusal(408, SLOW, headers={"Connection": "close"}) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > MAX_BODY_BYTES:
                raise Refusal(413, DETAIL, headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)
