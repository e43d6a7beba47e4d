"""Redis: reachable in the time that a request gives it, and its clock, which rate limits are counted by."""

import time
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.commands.connection import without_password
from app.commands.doctor.clock import clock
from app.commands.doctor.result import Result
from app.limits.redis import TIMEOUT_S
from app.runtime.services import Services
from app.settings import Settings

NAME = "Redis"
PATIENCE_S = 2.0


async def checks(config: Settings, services: Services) -> list[Result]:  # noqa: ARG001
    """Rate limits are shared through it, if anything."""
    if not config.redis_url:
        if config.vigil_api_processes > 1:
            said = f"REDIS_URL is not set, with VIGIL_API_PROCESSES={config.vigil_api_processes}"
            return [Result.warning(NAME, said, "set it: each process counts rate limits by itself")]
        return [Result.skipped(NAME, "REDIS_URL is not set: the API process counts rate limits itself")]
    client = Redis.from_url(config.redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    try:
        return await _checks(client, without_password(config.redis_url))
    except (RedisError, OSError) as error:
        # The driver's own words may quote the address with its password.
        said = f"{without_password(config.redis_url)} does not answer ({type(error).__name__})"
        return [
            Result.fault(
                NAME, said, "start it, or correct REDIS_URL; until then each API process counts by itself"
            )
        ]
    finally:
        await client.aclose()


async def _checks(client: Redis, address: str) -> list[Result]:
    version = (await client.info("server"))["redis_version"]
    before, started = datetime.now(UTC), time.perf_counter()
    seconds, micros = await client.time()
    took, after = time.perf_counter() - started, datetime.now(UTC)
    said = f"{address}, version {version}, answers in {took * 1000:.1f} ms"
    answered = (
        Result.ok(NAME, said)
        if took < TIMEOUT_S
        else Result.warning(NAME, said, f"a request waits {TIMEOUT_S * 1000:.0f} ms: bring it nearer")
    )
    return [
        answered,
        clock("clock Redis", datetime.fromtimestamp(seconds + micros / 1e6, UTC), before, after),
    ]
