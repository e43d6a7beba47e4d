"""The model server, as an ASGI application: one address, that of VIGIL_UPSTREAM_URL, whatever a client asks for."""

import httpx
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.chat.errors import error

# A model that thinks says nothing for minutes.
TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=600.0)
SENT = frozenset(("accept", "content-type", "openai-beta", "openai-organization", "openai-project"))
RETURNED = frozenset(("content-type", "cache-control", "retry-after", "openai-model", "openai-processing-ms"))


class Upstream:
    """Passes requests on to `url`/chat/completions. It follows no redirections and uses no proxy of the environment.

    Args:
        url: up to and with the `/v1`.
        key: of the upstream. Empty: the client's `Authorization` goes on, when its own key came as `X-API-Key`.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._key = key
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        request = Request(scope, receive)
        asked = self._client.build_request(
            "POST", self._url, headers=self._headers(request.headers), content=await request.body()
        )
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.HTTPError as failed:
            said = error(502, f"the model server cannot be reached ({type(failed).__name__})")
            await JSONResponse(said, 502)(scope, receive, send)
            return
        try:
            if answer.is_redirect:
                said = error(
                    502, "the model server redirects; VIGIL_UPSTREAM_URL must name the final address"
                )
                await JSONResponse(said, 502)(scope, receive, send)
                return
            await send(
                {"type": "http.response.start", "status": answer.status_code, "headers": _returned(answer)}
            )
            async for piece in answer.aiter_bytes():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()

    def _headers(self, came: Headers) -> dict[str, str]:
        headers = {name: came[name] for name in SENT if name in came}
        headers["accept-encoding"] = "identity"
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        elif came.get("x-api-key") and "authorization" in came:
            headers["authorization"] = came["authorization"]
        return headers


def _returned(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode(), value.encode())
        for name, value in answer.headers.items()
        if name.lower() in RETURNED or name.lower().startswith("x-ratelimit-")
    ]
