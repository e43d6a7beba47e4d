"""The API over two processes and one Redis: repeats, limits, changes, refusals, what a dead or hung Redis costs.

Starts the whole product with REDIS_URL, and a second API process beside it. Needs redis-server. Times are wall-clock.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.types import Message

from app.access.client import Client
from app.access.key import new_key
from app.access.key_ring import KeyRefused, KeyRing
from app.access.pepper import Pepper
from app.api import create_app
from app.limits.limiter import Limiter
from app.limits.redis import RedisStore
from app.limits.window import Window
from app.runtime.garbage import spare_what_is_loaded
from app.runtime.ports import free_port
from app.settings import Settings
from tests.running import Vigil
from tests.servers import RedisServer
from tests.services.test_stream import Conversation


def main(_: list[str]) -> None:
    """Everything, about two minutes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        redis = RedisServer(folder)
        redis.start()
        vigil = Vigil(folder, REDIS_URL=redis.url, VIGIL_API_PROCESSES="2")
        vigil.start()
        try:
            with second_api(vigil) as other:
                asyncio.run(measure(vigil, [vigil.url, other], redis))
        finally:
            vigil.stop()
            redis.kill()


@contextmanager
def second_api(vigil: Vigil, **more: str) -> Iterator[str]:
    """Another API process on the same servers; gives its address."""
    port = free_port()
    environment = {
        **vigil.environment,
        "VIGIL_PORT": str(port),
        "NATS_SERVERS": vigil.services["nats_servers"],
        **more,
    }
    with (vigil.folder / "second.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.api"], env=environment, cwd=Path.cwd(), stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                if httpx.get(f"{url}/readyz", timeout=5).is_success:
                    break
            except httpx.HTTPError:
                assert process.poll() is None, (vigil.folder / "second.log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


async def measure(vigil: Vigil, urls: list[str], redis: RedisServer) -> None:
    async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=400)) as http:
        await repeats(vigil, urls, http)
        await own_verdicts(vigil, urls, http)
        await limits(vigil, urls, http)
        await revocation(vigil, urls, http)
        await reload(vigil, urls, http)
        wrong_keys(vigil.key)
        await refusal_cost(vigil.folder / "data")
        await refusals(vigil, http)
        await first_sentence(vigil)
        await without_redis(vigil, urls, http, redis)


async def ask(http: httpx.AsyncClient, url: str, key: str, text: str, **headers: str) -> httpx.Response:
    return await http.post(
        f"{url}/v1/guard/input",
        json={"text": text, "mode": "fast"},
        headers={"Authorization": f"Bearer {key}", **headers},
    )


async def repeats(vigil: Vigil, urls: list[str], http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            ask(http, urls[n % 2], vigil.key, "Good morning", **{"Idempotency-Key": "bench"})
            for n in range(50)
        )
    )
    names = {answer.json()["request_id"] for answer in answers}
    await asyncio.sleep(8)
    listed = ", ".join(f"'{name}'" for name in names)
    ((rows,),) = vigil.rows(f"SELECT count() FROM n8n_logs.vigil_events WHERE request_id IN ({listed})")
    print(
        f"50 clients, one Idempotency-Key, 2 processes: statuses {dict(Counter(a.status_code for a in answers))}, "
        f"{len({answer.text for answer in answers})} distinct verdicts, {rows} events"
    )


async def own_verdicts(vigil: Vigil, urls: list[str], http: httpx.AsyncClient) -> None:
    texts = [f"Call {100 + n} people named PESEL 44051401359 number {n}x" for n in range(200)]
    answers = await asyncio.gather(*(ask(http, urls[n % 2], vigil.key, text) for n, text in enumerate(texts)))
    good = [answer for answer in answers if answer.status_code == 200]
    own = sum(
        f"number {n}x" in (answer.json()["sanitized_text"] or "")
        for n, answer in enumerate(answers)
        if answer.status_code == 200
    )
    print(
        f"200 clients at once, different texts: statuses {dict(Counter(a.status_code for a in answers))}, "
        f"{own} of {len(good)} verdicts hold their own text"
    )


def client(vigil: Vigil, name: str, **policy: Any) -> dict[str, Any]:
    made = json.loads(vigil.command("keys", "create", name, "--json").stdout)
    if policy:
        vigil.command("policy", "set", name, "-", input=json.dumps(policy))
    time.sleep(2)
    return made


async def limits(vigil: Vigil, urls: list[str], http: httpx.AsyncClient) -> None:
    key = client(vigil, "limited", rate_limits="100/minute")["key"]
    statuses: Counter[int] = Counter()
    for _ in range(10):
        answers = await asyncio.gather(
            *(ask(http, url, key, "Good morning") for url in urls for _ in range(8))
        )
        statuses.update(answer.status_code for answer in answers)
    print(f"100/minute over two processes, 160 requests: {dict(statuses)}")


async def revocation(vigil: Vigil, urls: list[str], http: httpx.AsyncClient) -> None:
    took = []
    for number in range(3):
        made = client(vigil, f"revoked-{number}")

        async def accepted(url: str, key: str = made["key"]) -> bool:
            return (await ask(http, url, key, "")).status_code != 401

        for url in urls:
            assert (await ask(http, url, made["key"], "Good morning")).status_code == 200
        took.append(await lingering(vigil, ("keys", "revoke", made["key_id"]), accepted, urls))
    show("key still accepted after `vigil keys revoke` had ended", took)


async def reload(vigil: Vigil, urls: list[str], http: httpx.AsyncClient) -> None:
    made = client(vigil, "reloaded")
    file = vigil.folder / "reloaded.json"
    took = []
    for allowed, status in (("full", 200), ("fast", 403)) * 2:

        async def as_before(url: str, status: int = status) -> bool:
            return (await ask(http, url, made["key"], "Good morning")).status_code == status

        file.write_text(json.dumps({"modes": [allowed]}))
        took.append(await lingering(vigil, ("policy", "set", "reloaded", str(file)), as_before, urls))
    show("policy of before still held to after `vigil policy set` had ended", took)


async def lingering(
    vigil: Vigil, command: tuple[str, ...], as_before: Callable[[str], Awaitable[bool]], urls: list[str]
) -> float:
    """Seconds from the end of a command on for which one of the processes went by what was before."""
    changing = asyncio.create_task(asyncio.to_thread(vigil.command, *command))
    ended = None
    last = dict.fromkeys(urls, time.monotonic())
    while ended is None or any(time.monotonic() - seen < 0.5 for seen in last.values()):
        for url in urls:
            if await as_before(url):
                last[url] = time.monotonic()
        if ended is None and changing.done():
            ended = time.monotonic()
    return max(last.values()) - ended


def show(what: str, took: list[float]) -> None:
    print(f"{what}, worst of two processes: {', '.join(f'{seconds:+.2f} s' for seconds in took)}")


def wrong_keys(good: str) -> None:
    """Keys that share more and more characters with a good one: the time of the look-up itself, in a process."""
    ring = KeyRing(Pepper([b"pepper"]), {good: Client("dev")})
    ring.load({})
    kinds = {
        "nothing right": new_key(),
        "half right": good[:24] + new_key()[24:],
        "all but one right": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "no key at all": "x",
    }
    times: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(20_000):
        for kind, key in kinds.items():
            started = time.perf_counter_ns()
            with suppress(KeyRefused):
                ring.client(key)
            times[kind].append(time.perf_counter_ns() - started)
    print(
        "median time to refuse: "
        + ", ".join(f"{k} {statistics.median(t) / 1000:.2f} us" for k, t in times.items())
    )


async def refusal_cost(data: Path) -> None:
    """The processor time of a 503 past the last place, which no other process of the machine can add to."""
    app = create_app(Settings(vigil_data_dir=data, vigil_max_in_flight=1))
    app.openapi()
    spare_what_is_loaded()  # as `python -m app.api` does
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/v1/guard/input",
        "raw_path": b"/v1/guard/input", "query_string": b"", "root_path": "", "headers": [(b"host", b"vigil")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    statuses: Counter[int] = Counter()

    async def receive() -> Message:
        raise AssertionError("the body is not read")

    async def send(message: Message) -> None:
        if "status" in message:
            statuses[message["status"]] += 1

    took = []
    with app.state.capacity.place():
        for _ in range(20_000):
            started = time.thread_time()
            await app(dict(scope), receive, send)
            took.append((time.thread_time() - started) * 1000)
    assert set(statuses) == {503}
    took.sort()
    print(
        f"503 past the last place, processor time: median {statistics.median(took):.2f} ms, "
        f"p99 {took[len(took) * 99 // 100]:.2f} ms, max {took[-1]:.2f} ms"
    )


async def refusals(vigil: Vigil, http: httpx.AsyncClient) -> None:
    """A process whose few places are taken by long texts, and short requests one after the other."""
    with second_api(vigil, VIGIL_MAX_IN_FLIGHT="2") as url:
        stop = asyncio.Event()

        async def occupy(number: int) -> None:
            while not stop.is_set():
                await ask(http, url, vigil.key, f"{number} " + "A long report about many things. " * 2500)

        occupying = [asyncio.create_task(occupy(number)) for number in range(2)]
        took = []
        for _ in range(600):
            started = time.perf_counter()
            status = (await ask(http, url, vigil.key, "Good morning")).status_code
            if status == 503:
                took.append((time.perf_counter() - started) * 1000)
        stop.set()
        await asyncio.gather(*occupying)
    log = (vigil.folder / "second.log").read_text().splitlines()
    served = [float(line.split(" 503 ")[1].split(" ms")[0]) for line in log if " 503 " in line]
    for what, found in (("inside the process", served), ("as the client sees it", took)):
        found.sort()
        print(
            f"503 past the last place, {what}: {len(found)}, median {statistics.median(found):.2f} ms, "
            f"p99 {found[len(found) * 99 // 100]:.2f} ms, max {found[-1]:.2f} ms"
        )


async def first_sentence(vigil: Vigil) -> None:
    took = []
    for _ in range(15):
        reader, writer = await asyncio.open_connection("127.0.0.1", vigil.port)
        writer.write(
            "POST /v1/guard/output/stream HTTP/1.1\r\nHost: vigil\r\nContent-Type: application/x-ndjson\r\n"
            f"X-API-Key: {vigil.key}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        talk = Conversation(reader, writer)
        started = time.perf_counter()
        await talk.say("Paris is the capital of France. It", mode="fast")
        await talk.head()
        await talk.hear()
        took.append((time.perf_counter() - started) * 1000)
        await talk.end()
        await talk.hear_all()
        writer.close()
    print(
        f"stream, fast: sentence complete to released: median {statistics.median(took):.0f} ms, max {max(took):.0f} ms"
    )


async def without_redis(vigil: Vigil, urls: list[str], http: httpx.AsyncClient, redis: RedisServer) -> None:
    for away in ("hung", "down"):
        limiter = Limiter(RedisStore(redis.url), 2)
        await limiter.take("bench", [Window(10**6, 60)])
        (redis.suspend if away == "hung" else redis.kill)()
        costs = []
        for _ in range(5):
            started = time.perf_counter()
            await limiter.take("bench", [Window(10**6, 60)])
            costs.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(1.05)
        print(f"Redis {away}: a request waits " + ", ".join(f"{cost:.1f}" for cost in costs) + " ms")
        (redis.resume if away == "hung" else redis.start)()
        await limiter.close()
    statuses: Counter[int] = Counter()
    stop = time.monotonic() + 8

    async def load() -> None:
        while time.monotonic() < stop:
            statuses[(await ask(http, urls[0], vigil.key, "Good morning")).status_code] += 1

    async def trouble() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            await asyncio.to_thread(redis.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(redis.start)

    await asyncio.gather(*(load() for _ in range(8)), trouble())
    print(f"redis-server killed and started three times under load: {dict(statuses)}")
