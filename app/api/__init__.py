"""The public API: `python -m app.api`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import events, feedback, health, jobs, openapi, pages, problems, restore, routes, stream
from app.api.compat import vge, webhook
from app.api.door.authentication import Authentication
from app.api.door.body_limit import BodyLimit
from app.api.door.capacity import Admission
from app.api.door.dialect import Dialect
from app.api.door.rate_limit import RateLimit
from app.api.door.request_id import RequestId
from app.api.door.telemetry import Telemetry
from app.api.hooks import litellm
from app.api.parts import Parts
from app.api.proxy import routes as proxy
from app.settings import Settings, settings
from app.version import VERSION

DESCRIPTION = (
    "A text goes in; ALLOW, SANITIZE or BLOCK comes out, with a score, the reasons and a cleaned text."
)
# What routes ask `request.app.state` for.
FOR_ROUTES = (
    "capacity", "event_log", "idempotency", "jobs", "judging", "pipeline", "readiness", "signer",
    "upstream", "vault", "webhook_networks",
)  # fmt: skip

# litellm, vge, webhook and proxy speak the contracts of other services.
MODULES = (routes, stream, jobs, restore, events, feedback, litellm, vge, webhook, proxy, health, pages)


def create_app(config: Settings | None = None) -> FastAPI:
    """The application of one API process.

    Raises:
        SettingsError: a setting makes no sense.
    """
    parts = Parts(config or settings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with parts.running():
            yield

    app = FastAPI(
        title="Vigil",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    for name in FOR_ROUTES:
        setattr(app.state, name, getattr(parts, name))
    # The last one added is the first that a request passes.
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, limiter=parts.limiter, windows=parts.windows)
    app.add_middleware(Authentication, ring=parts.ring)
    app.add_middleware(Admission, capacity=parts.capacity)
    app.add_middleware(Dialect)
    app.add_middleware(RequestId)
    app.add_middleware(Telemetry, paths=_paths())
    problems.install(app)
    openapi.install(app)
    for module in MODULES:
        app.include_router(module.router)
    return app


def _paths() -> frozenset[str]:
    """The paths without parameters: names for requests that the door refuses before they are routed."""
    paths = {getattr(route, "path", "") for module in MODULES for route in module.router.routes}
    return frozenset(path for path in paths if "{" not in path)
