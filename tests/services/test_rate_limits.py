"""Rate limits on a real Redis: exact over processes, and what happens while it is away."""

import asyncio
import time

import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from app.access.key import random_base62
from app.limits.limiter import Limiter
from app.limits.memory import MemoryStore
from app.limits.redis import RedisStore
from app.limits.window import Window
from tests.services.test_answer_path import answering, api, ask, detection
from tests.wires import provisioned, until

MINUTE = Window(100, 60)


async def test_over_two_processes_exactly_the_limit_passes(redis_server) -> None:
    stores = [RedisStore(redis_server.url) for _ in range(2)]
    limiters = [Limiter(store, processes=2) for store in stores]
    # In small groups: a busy machine must not make one of them wait for Redis too long.
    replies = []
    for _ in range(40):
        replies += await asyncio.gather(
            *(limiter.take("key", [MINUTE]) for limiter in limiters for _ in range(3))
        )
    assert sum(reply.allowed for reply in replies) == 100
    assert all(limiter.trouble is None for limiter in limiters)
    for limiter in limiters:
        await limiter.close()


@rules(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    costs=st.lists(st.integers(1, 4), max_size=12), limits=st.tuples(st.integers(1, 9), st.integers(1, 20))
)
async def test_redis_counts_as_memory_does(redis_server, costs, limits) -> None:
    # Windows of an hour and a day: no slice leaves them while the test runs.
    windows = [Window(limits[0], 3600), Window(limits[1], 86_400)]
    key, shared, own = random_base62(8), RedisStore(redis_server.url), MemoryStore()
    for cost in costs:
        one, other = await shared.take(key, windows, cost), own.take(key, windows, cost)
        assert one.allowed == other.allowed
        assert [usage.remaining for usage in one.usages] == [usage.remaining for usage in other.usages]
        for here, there in zip(one.usages, other.usages, strict=True):
            assert abs(here.free_in_ms - there.free_in_ms) <= here.window.slice_ms
    await shared.close()


async def test_a_window_of_redis_slides(redis_server) -> None:
    store, window = RedisStore(redis_server.url), Window(2, 1)
    assert [(await store.take("key", [window])).allowed for _ in range(3)] == [True, True, False]

    async def again() -> bool:
        return (await store.take("key", [window])).allowed

    assert await until(again)
    await store.close()


@pytest.mark.parametrize("away", ["kill", "suspend"])
async def test_without_redis_each_process_lets_its_share_through_and_says_so(redis_server, away: str) -> None:
    store = RedisStore(redis_server.url)
    limiter = Limiter(store, processes=2)
    assert (await limiter.take("key", [MINUTE], 30)).allowed
    getattr(redis_server, away)()
    allowed = [(await limiter.take("key", [MINUTE])).allowed for _ in range(60)]
    assert sum(allowed) == 20, "its share is 50, of which 30 are used"
    assert limiter.trouble.startswith("Redis: ")
    (redis_server.start if away == "kill" else redis_server.resume)()

    async def recovered() -> bool:
        await limiter.take("other", [MINUTE])
        return limiter.trouble is None

    assert await until(recovered)
    await limiter.close()


async def test_past_the_limit_the_answer_is_429_with_what_a_client_needs(
    fresh_nats, redis_server, tmp_path
) -> None:
    settings = {"redis_url": redis_server.url, "vigil_rate_limits": "1000/second, 100/minute"}
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, **settings) as one,
        api(fresh_nats.url, tmp_path, **settings) as other,
    ):
        answers = []
        for _ in range(13):
            answers += await asyncio.gather(*(ask(client) for client in (one, other) for _ in range(5)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (100, 30)
    last = answers[-1]
    assert last.headers["content-type"] == "application/problem+json"
    assert 1 <= int(last.headers["retry-after"]) <= 61
    assert last.headers["ratelimit-policy"] == '"second";q=1000;w=1, "minute";q=100;w=60'
    assert '"minute";r=0;t=' in last.headers["ratelimit"]
    assert answers[0].headers["ratelimit"].startswith('"second";r=')


async def test_redis_killed_and_started_again_under_load_costs_no_answer(
    fresh_nats, redis_server, tmp_path
) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, redis_url=redis_server.url) as client,
    ):
        load = asyncio.create_task(keep_asking(client, 3.0))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(redis_server.kill)
        await asyncio.sleep(0.5)
        ready = (await client.get("/readyz")).json()
        await asyncio.to_thread(redis_server.start)
        assert set(await load) == {200}
        assert ready["degraded"]["rate_limits"].startswith("Redis: ")

        async def recovered() -> bool:
            await ask(client)
            return (await client.get("/readyz")).json().get("degraded") == {}

        assert await until(recovered)


async def keep_asking(client: AsyncClient, seconds: float) -> list[int]:
    end, statuses = time.monotonic() + seconds, []
    while time.monotonic() < end:
        answers = await asyncio.gather(*(ask(client) for _ in range(4)))
        statuses += [answer.status_code for answer in answers]
    return statuses
