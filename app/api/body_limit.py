"""A limit on request bodies that holds while they are read."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

# Two texts of 100,000 characters, each character as two \\uXXXX escapes of six bytes, and some room.
MAX_BODY_BYTES = 2 * 100_000 * 12 + 10_000


class _TooLargeError(Exception):
    pass


class BodyLimit:
    """ASGI middleware: 413 as soon as a body is known to be too large, declared or not."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = problem(
            413,
            f"the body is larger than {self._max_bytes:,} bytes: send at most 100,000 characters of text",
            {"Connection": "close"},
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            await refusal(scope, receive, send)
            return
        received, answering = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLargeError:
            if not answering:
                await refusal(scope, receive, send)
