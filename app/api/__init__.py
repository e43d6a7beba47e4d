"""The public API: `uvicorn --factory app.api:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import health, pages, problems, routes
from app.api.body_limit import BodyLimit
from app.api.keys import Client, KeyRing, development_key, digest
from app.api.pipeline import Pipeline
from app.errors import SettingsError
from app.runtime.broker import new_broker
from app.settings import Settings, settings
from app.version import VERSION

LOOPBACK = {"127.0.0.1", "::1", "localhost"}

DESCRIPTION = (
    "A text goes in; ALLOW, SANITIZE or BLOCK comes out, with a score, the reasons and a cleaned text."
)


def create_app(config: Settings | None = None) -> FastAPI:
    """The application of one API process.

    Raises:
        SettingsError: a setting makes no sense.
    """
    config = config or settings()
    if config.vigil_host not in LOOPBACK:
        msg = (
            f"VIGIL_HOST={config.vigil_host}: only the development key exists, and it works on loopback only"
        )
        raise SettingsError(msg)
    pipeline = Pipeline(new_broker(config, name="vigil-api"))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pipeline.start()
        yield
        await pipeline.stop()

    app = FastAPI(
        title="Vigil",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    key = development_key(config.vigil_data_dir / "dev-key")
    app.state.keys = KeyRing({digest(key): Client("dev")})
    app.state.pipeline = pipeline
    app.state.readiness = health.Readiness(pipeline)
    app.state.timeout_s = config.timeout_s
    app.add_middleware(BodyLimit)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(health.router)
    app.include_router(pages.router)
    return app
