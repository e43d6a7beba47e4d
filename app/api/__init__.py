"""The public API: `uvicorn --factory app.api:create_app`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.access.client import Client
from app.access.development import CLIENT, LOOPBACK, development_key
from app.access.key_ring import KeyRing
from app.access.keys import StoredKeys
from app.access.pepper import load_pepper
from app.access.policy_book import PolicyBook
from app.access.policy_store import PREFIX
from app.api import events, feedback, health, pages, problems, restore, routes
from app.api.door.authentication import Authentication
from app.api.door.body_limit import BodyLimit
from app.api.door.capacity import Admission, Capacity, PipelineLag
from app.api.door.rate_limit import RateLimit
from app.api.door.request_id import RequestId
from app.api.event_log import EventLog
from app.api.idempotency import Idempotency
from app.api.judging import Judging
from app.api.pipeline import Pipeline
from app.errors import SettingsError
from app.limits.limiter import Limiter
from app.limits.redis import RedisStore
from app.limits.window import Window, parse_windows
from app.pii.vault import Vault
from app.runtime.broker import new_broker
from app.runtime.bucket import BucketCopy
from app.sealing import deployment_keys
from app.settings import Settings, settings
from app.streams import POLICIES
from app.version import VERSION

DESCRIPTION = (
    "A text goes in; ALLOW, SANITIZE or BLOCK comes out, with a score, the reasons and a cleaned text."
)


def create_app(config: Settings | None = None) -> FastAPI:
    """The application of one API process.

    Raises:
        SettingsError: a setting makes no sense.
    """
    config = config or settings()
    pepper = load_pepper(config)
    ring = KeyRing(pepper, _built_in_keys(config))
    pipeline = Pipeline(new_broker(config, name="vigil-api"))
    event_log = EventLog(config)
    keys = StoredKeys(ring, pepper, pipeline.connection)
    capacity = Capacity(config.vigil_max_in_flight, config.timeout_s)
    lag = PipelineLag(capacity, pipeline.connection)
    limiter = Limiter(RedisStore(config.redis_url) if config.redis_url else None, config.vigil_api_processes)
    book = PolicyBook()
    policies = BucketCopy(POLICIES, PREFIX, pipeline.connection, book.load, missing_is_empty=True)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pipeline.start()
        await keys.start()
        policies.start()
        lag.start()
        yield
        await lag.stop()
        await policies.stop()
        await keys.stop()
        await limiter.close()
        await pipeline.stop()
        event_log.close()

    app = FastAPI(
        title="Vigil",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.pipeline = pipeline
    app.state.event_log = event_log
    app.state.capacity = capacity
    app.state.idempotency = Idempotency(deployment_keys(config), pipeline.connection, config.timeout_s)
    app.state.judging = Judging(pipeline, capacity, book, config.timeout_s)
    app.state.readiness = health.Readiness(pipeline, keys, limiter)
    app.state.vault = Vault(deployment_keys(config)) if config.vigil_restore else None
    # The last one added is the first that a request passes.
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, limiter=limiter, windows=_windows(config, book))
    app.add_middleware(Authentication, ring=ring)
    app.add_middleware(Admission, capacity=capacity)
    app.add_middleware(RequestId)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(restore.router)
    app.include_router(events.router)
    app.include_router(feedback.router)
    app.include_router(health.router)
    app.include_router(pages.router)
    return app


def _windows(config: Settings, book: PolicyBook) -> Callable[[Client], tuple[Window, ...]]:
    """The rate limits of a client: its policy's, else those of VIGIL_RATE_LIMITS."""
    default = parse_windows(config.vigil_rate_limits)

    def windows(client: Client) -> tuple[Window, ...]:
        return book.of(client.client_id).windows(default) if book.loaded else default

    return windows


def _built_in_keys(config: Settings) -> dict[str, Client]:
    """The development key, where it may be used.

    Raises:
        SettingsError: it would be reachable from other machines.
    """
    if not config.vigil_dev_key:
        return {}
    if config.vigil_host not in LOOPBACK:
        raise SettingsError(
            f"VIGIL_HOST={config.vigil_host}: the development key works on loopback only; make keys with "
            "`vigil keys create` and set VIGIL_DEV_KEY=off"
        )
    return {development_key(config.vigil_data_dir): CLIENT}
