"""Who asks: the key of a request, before its body is read; and which scope a route wants."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.client import Client
from app.access.client import Scope as KeyScope
from app.access.development import CLIENT as DEVELOPMENT
from app.access.development import reachable
from app.access.key_ring import KeyRefused, KeyRing, KeysUnknown
from app.api.door.presented_key import presented_key, wants_key
from app.api.problems import Refusal, identity, problem

DEVELOPMENT_ONLY = "the development key works on loopback only: make one with `vigil keys create`"
NO_KEY = "send your key as `Authorization: Bearer vk_...` or `X-API-Key: vk_...`"

# They describe the two ways in the OpenAPI document; the middleware below does the work.
_BEARER = HTTPBearer(auto_error=False, description="`Authorization: Bearer vk_live_...`")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="`X-API-Key: vk_live_...`")


class Authentication:
    """ASGI middleware: nothing protected is reached, and no body read, without a known key."""

    def __init__(self, app: ASGIApp, ring: KeyRing) -> None:
        self._app = app
        self._ring = ring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and wants_key(scope["path"]):
            key = presented_key(scope["path"], Headers(scope=scope))
            try:
                if not key:
                    raise KeyRefused(NO_KEY)
                client = self._ring.client(key)
                # The start refuses VIGIL_HOST; a server that was told another address by itself has not asked it.
                if client is DEVELOPMENT and reachable(str((scope.get("server") or ("",))[0])):
                    raise KeyRefused(DEVELOPMENT_ONLY)
                scope["state"]["client"] = client
            except KeyRefused as refused:
                answer = problem(401, str(refused), {"WWW-Authenticate": "Bearer"}, **identity(scope))
                await answer(scope, receive, send)
                return
            except KeysUnknown as unknown:
                answer = problem(503, f"{unknown}; try again", {"Retry-After": "2"}, **identity(scope))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def require(scope: KeyScope) -> Callable[..., Awaitable[Client]]:
    """A dependency: the client that asks, refused with 403 when its key does not open `scope`."""

    async def allowed(
        request: Request,
        _bearer: Annotated[object, Security(_BEARER)] = None,
        _header: Annotated[object, Security(_HEADER)] = None,
    ) -> Client:
        client: Client = request.state.client
        if scope not in client.scopes:
            raise Refusal(403, f"this key lacks the scope `{scope}`: ask for a key that has it")
        return client

    return allowed
