"""Limits on request bodies, in bytes and in time, that hold while they are read."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import Refusal, identity, problem


@dataclass(frozen=True)
class Limit:
    """What a body may be, and when it must be there."""

    max_bytes: int
    within_s: float

    @property
    def too_large(self) -> str:
        """What the answer says."""
        return f"the body is larger than {self.max_bytes:,} bytes: a text has at most 100,000 characters"

    @property
    def too_slow(self) -> str:
        """What the answer says."""
        return f"the body did not arrive within {self.within_s:g} s"


# Two texts of 100,000 characters, each character as two \\uXXXX escapes of six bytes, and some room.
USUAL = Limit(2 * 100_000 * 12 + 10_000, 10.0)
SPECIAL = {
    # A hundred texts, few of them as long as they may be.
    "/v1/guard/batch": Limit(12_000_000, 30.0),
    # A model that writes takes its time.
    "/v1/guard/output/stream": Limit(USUAL.max_bytes, 600.0),
    "/compat/vge/v1/guard/batch": Limit(12_000_000, 30.0),
    # Conversations carry their images with them.
    "/openai/v1/chat/completions": Limit(32_000_000, 30.0),
    "/beta/litellm_basic_guardrail_api": Limit(32_000_000, 30.0),
}


class BodyLimit:
    """ASGI middleware: 413 as soon as a body is known to be too large, declared or not; 408 when it is late."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = SPECIAL.get(scope["path"], USUAL)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit.max_bytes:
            answer = problem(413, limit.too_large, {"Connection": "close"}, **identity(scope))
            await answer(scope, receive, send)
            return
        received, complete = 0, False
        until = asyncio.get_running_loop().time() + limit.within_s

        async def counted() -> Message:
            nonlocal received, complete
            if complete:  # what comes now is the news that the client has gone
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise Refusal(408, limit.too_slow, headers={"Connection": "close"}) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit.max_bytes:
                raise Refusal(413, limit.too_large, headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)
