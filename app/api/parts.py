"""What one API process is made of, put together from the settings; started in order, stopped in reverse order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from app import tracing
from app.access.client import Client
from app.access.development import CLIENT, LOOPBACK, development_key
from app.access.key_ring import KeyRing
from app.access.keys import StoredKeys
from app.access.pepper import load_pepper
from app.access.policy_book import PolicyBook
from app.access.policy_store import PREFIX
from app.api.door.capacity import POLL_S, Capacity, PipelineLag
from app.api.event_log import EventLog
from app.api.health import Readiness
from app.api.idempotency import Idempotency
from app.api.judging import Judging
from app.api.pipeline import Pipeline
from app.api.proxy.upstream import Upstream
from app.errors import PipelineUnavailable, SettingsError
from app.jobs.courier import Courier
from app.jobs.signature import Signer
from app.jobs.store import JobStore
from app.limits.limiter import Limiter
from app.limits.redis import RedisStore
from app.limits.window import Window, parse_windows
from app.pii.vault import Vault
from app.runtime.backlog import Backlog
from app.runtime.broker import new_broker
from app.runtime.bucket import BucketCopy
from app.runtime.tracing import Tracing
from app.sealing import deployment_keys
from app.settings import Settings
from app.streams import POLICIES


class Parts:
    """The parts of an API process.

    Raises:
        SettingsError: a setting makes no sense.
    """

    def __init__(self, config: Settings) -> None:
        secrets = deployment_keys(config)
        pepper = load_pepper(config)
        self._default_windows = parse_windows(config.vigil_rate_limits)
        self.ring = KeyRing(pepper, built_in_keys(config))
        tracing.start("vigil-api")
        broker = new_broker(config, name="vigil-api")
        if tracing.enabled():
            broker.add_middleware(Tracing)
        self.pipeline = Pipeline(broker)
        connect = self.pipeline.connection
        self.keys = StoredKeys(self.ring, pepper, connect)
        self.book = PolicyBook()
        self.policies = BucketCopy(POLICIES, PREFIX, connect, self.book.load, missing_is_empty=True)
        self.capacity = Capacity(config.vigil_max_in_flight, config.timeout_s)
        self.backlog = Backlog(connect, PipelineLag(self.capacity).tell, POLL_S)
        self.limiter = Limiter(
            RedisStore(config.redis_url) if config.redis_url else None, config.vigil_api_processes
        )
        self.judging = Judging(
            self.pipeline, self.capacity, self.book, config.timeout_s, config.block_threshold
        )
        self.idempotency = Idempotency(secrets, connect, config.timeout_s)
        self.jobs = JobStore(connect, lambda: self.pipeline.connected)
        self.signer = Signer(secrets)
        self.webhook_networks = config.webhook_networks
        self.courier = Courier(self.jobs, self.signer, config.webhook_networks, connect)
        self.vault = Vault(secrets) if config.vigil_restore else None
        self.event_log = EventLog(config)
        self.upstream = (
            Upstream(config.vigil_upstream_url, config.vigil_upstream_key)
            if config.vigil_upstream_url
            else None
        )
        self.readiness = Readiness(self.pipeline, self.keys, self.limiter)

    def windows(self, client: Client) -> tuple[Window, ...]:
        """The rate limits of a client: its policy's, else those of VIGIL_RATE_LIMITS."""
        try:
            policy = self.book.of(client.client_id)
        except PipelineUnavailable:  # said where its text would be judged
            return self._default_windows
        return policy.windows(self._default_windows)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything. Without a server all wait for it."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.to_thread, tracing.stop)
            stack.callback(self.event_log.close)
            stack.push_async_callback(self.limiter.close)
            if self.upstream is not None:
                stack.push_async_callback(self.upstream.close)
            parts: tuple[Any, ...] = (
                self.pipeline,
                self.keys,
                self.policies,
                self.backlog,
                self.courier,
            )
            for part in parts:
                await part.start()
                stack.push_async_callback(part.stop)
            yield


def built_in_keys(config: Settings) -> dict[str, Client]:
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
