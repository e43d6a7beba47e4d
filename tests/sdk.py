"""Both clients of the SDK, on a scripted server and a clock that only moves when they wait."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from vigil_stream import AsyncVigil, Vigil
from vigil_stream.clock import Clock

ALLOW = {"request_id": "req_1", "decision": "ALLOW", "threat_score": 1.5}


class FakeClock(Clock):
    """Chance always gives `fraction`."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.fraction = 0.5
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    def random(self) -> float:
        return self.fraction

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


class Double:
    """One of the two clients, used the same way whichever it is; keeps the requests that it sent."""

    def __init__(self, kind: str) -> None:
        self.asynchronous = kind == "async"
        self.clock = FakeClock()
        self.requests: list[httpx.Request] = []
        self.handler: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json=ALLOW)

    def answers(self, *outcomes: httpx.Response | Exception) -> None:
        """Answer with these in turn; the last one stays."""
        left = list(outcomes)

        def handler(_: httpx.Request) -> httpx.Response:
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(outcome, Exception):
                raise outcome
            return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)

        self.handler = handler

    def client(self, **options: Any) -> Any:
        """A new client of this kind."""

        def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return self.handler(request)

        transport = httpx.MockTransport(handle)
        given = {"url": "http://vigil.test", "api_key": "vk_test_key", **options}
        vigil: Any
        if self.asynchronous:
            vigil = AsyncVigil(http_client=httpx.AsyncClient(transport=transport), **given)
        else:
            vigil = Vigil(http_client=httpx.Client(transport=transport), **given)
        vigil._clock = self.clock
        return vigil

    def do(self, work: Any) -> Any:
        """The result of a call, awaited where it must be."""

        async def awaited() -> Any:
            return await work

        return asyncio.run(awaited()) if self.asynchronous else work

    def ask(self, text: str = "Good morning", **options: Any) -> Any:
        """One verdict."""
        return self.do(self.client(**options).guard_input(text))
