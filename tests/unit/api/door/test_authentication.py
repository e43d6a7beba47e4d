"""Which keys are let in where."""

import pytest
from starlette.responses import Response

from app.access.development import CLIENT
from app.access.key import new_key
from app.access.key_ring import KeyRing
from app.access.pepper import Pepper
from app.api.door.authentication import Authentication

KEY = new_key()


@pytest.mark.parametrize(
    ("server", "status"),
    [
        (("127.0.0.1", 8080), 200),
        (("::1", 8080), 200),
        (("/run/vigil.sock", None), 200),
        (None, 200),
        (("192.168.1.7", 8080), 401),
        (("10.0.0.1", 8080), 401),
        (("fe80::1%eth0", 8080), 401),
    ],
)
async def test_the_development_key_opens_nothing_that_other_machines_reach(server, status: int) -> None:
    door = Authentication(Response(), KeyRing(Pepper([b"p" * 32]), {KEY: CLIENT}))
    said: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request"}

    async def send(message: dict) -> None:
        said.append(message)

    headers = [(b"x-api-key", KEY.encode())]
    await door(
        {"type": "http", "path": "/v1/x", "headers": headers, "server": server, "state": {}}, receive, send
    )
    assert said[0]["status"] == status
