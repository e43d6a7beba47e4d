"""How often a key may ask: 429 past it, and what is left in the headers of every answer."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.client import Client
from app.api.problems import Refusal, identity, problem
from app.limits.limiter import Limiter
from app.limits.window import Reply, Window
from app.metrics.api import RATE_LIMITED


class RateLimit:
    """ASGI middleware behind the authentication: each request takes one place in every window of its key."""

    def __init__(
        self, app: ASGIApp, limiter: Limiter, windows: Callable[[Client], tuple[Window, ...]]
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._windows = windows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        client: Client | None = scope.get("state", {}).get("client")
        windows = self._windows(client) if client else ()
        if client is None or not windows:
            await self._app(scope, receive, send)
            return
        reply = await self._limiter.take(client.key_id, windows)
        scope["state"]["headers"] |= headers(reply)
        if not reply.allowed:
            refusal = refused(reply)
            answer = problem(429, refusal.detail, refusal.headers, **identity(scope))
            await answer(scope, receive, send)
            return

        async def take(cost: int) -> Reply:
            return await self._limiter.take(client.key_id, windows, cost)

        scope["state"]["take"] = take
        scope["state"]["most"] = min(window.limit for window in windows)
        await self._app(scope, receive, send)


async def charge(request: Request, texts: int) -> None:
    """Take the places of all texts of a request but the first, which it has paid for at the door.

    Raises:
        Refusal: 429, and nothing was taken; 413 where no wait would help.
    """
    take: Callable[[int], Awaitable[Reply]] | None = getattr(request.state, "take", None)
    if take is None or texts <= 1:
        return
    if texts > request.state.most:
        most = request.state.most
        raise Refusal(
            413, f"the request holds {texts} texts, and this key's limit is {most}: send fewer at a time"
        )
    reply = await take(texts - 1)
    request.state.headers.update(headers(reply))
    if not reply.allowed:
        raise refused(reply)


def headers(reply: Reply) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): quota `q` in window `w`, rest
    `r`, seconds `t` until more.
    """
    return {
        "RateLimit-Policy": ", ".join(
            f'"{u.window.name}";q={u.window.limit};w={u.window.period_s}' for u in reply.usages
        ),
        "RateLimit": ", ".join(
            f'"{u.window.name}";r={u.remaining};t={-(-u.free_in_ms // 1000)}' for u in reply.usages
        ),
    }


def refused(reply: Reply) -> Refusal:
    """The answer past a limit."""
    RATE_LIMITED.inc()
    limits = ", ".join(f"{u.window.limit} per {u.window.name}" for u in reply.usages)
    wait = reply.retry_after_s
    return Refusal(
        429, f"this key may ask {limits}: try again in {wait} s", headers={"Retry-After": str(wait)}
    )
