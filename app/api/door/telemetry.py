"""One span and one observation for each request below `/v1/`."""

import time
from collections.abc import Callable, Collection

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import tracing
from app.metrics.api import HTTP

MEASURED = "/v1/"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Telemetry:
    """ASGI middleware, the outermost: measures a request and, where spans are exported, traces it.

    The trace of the caller is continued when the request brings a `traceparent`.

    Args:
        app: what it stands before.
        paths: those without parameters, to name a request that is refused before it is routed.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(MEASURED):
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if tracing.enabled():
                await self._traced(scope, receive, noted, lambda: status)
            else:
                await self._app(scope, receive, noted)
        finally:
            HTTP.labels(_method(scope), self._route(scope) or "none", status).observe(
                time.perf_counter() - started
            )

    async def _traced(self, scope: Scope, receive: Receive, send: Send, status: Callable[[], int]) -> None:
        headers = Headers(scope=scope)
        span = tracing.begin(
            _method(scope),
            SpanKind.SERVER,
            tracing.parent(headers),
            {"http.request.method": _method(scope), "url.scheme": scope["scheme"]},
        )
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                await self._app(scope, receive, send)
        except Exception as error:
            tracing.fail(span, error)
            raise
        finally:
            if span.is_recording():
                if route := self._route(scope):
                    span.update_name(f"{_method(scope)} {route}")
                    span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status())
                span.set_attribute("vigil.request_id", scope.get("state", {}).get("request_id", ""))
                if status() >= 500:
                    span.set_attribute("error.type", str(status()))
                    span.set_status(Status(StatusCode.ERROR))
            span.end()

    def _route(self, scope: Scope) -> str:
        """The template of the path, as `/v1/events/{request_id}`; empty where none is known."""
        path: str = getattr(scope.get("route"), "path", "")
        return path or (scope["path"] if scope["path"] in self._paths else "")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "_OTHER"
