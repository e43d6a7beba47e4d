"""Keys on a real server: made by the command line, known to every API process, revoked everywhere."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack

import pytest
from typer.testing import CliRunner

from app.api import create_app
from app.commands import cli
from app.errors import SettingsError
from app.settings import Settings, settings
from app.streams import KEYS
from tests.services.test_answer_path import answering, api, ask, detection
from tests.wires import provisioned, until

# A revoked key stops working so soon, on every process.
PROMISE_S = 2.0


@pytest.fixture
def keys(fresh_nats, tmp_path, monkeypatch):
    """`vigil keys ... --json`, on the data folder of the API under test; runs beside it."""
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    runner = CliRunner()

    async def run(*words: str):
        result = await asyncio.to_thread(runner.invoke, cli, ["keys", *words])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    yield run
    settings.cache_clear()


async def status(client, key: str, path: str = "/v1/guard/input") -> int:
    answer = await client.post(path, json={"text": "hello"}, headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


async def test_a_key_from_its_making_to_its_end_on_every_process(fresh_nats, tmp_path, keys) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(provisioned(fresh_nats.url))
        await stack.enter_async_context(detection(fresh_nats.url, answering))
        processes = [
            await stack.enter_async_context(api(fresh_nats.url, tmp_path, timeout_ms=15_000))
            for _ in range(2)
        ]
        (made,) = await keys("create", "shop", "--json")

        async def everywhere(expected: int) -> bool:
            return {await status(process, made["key"]) for process in processes} == {expected}

        assert await until(lambda: everywhere(200), 40)
        assert await status(processes[0], made["key"][:-1] + "!") == 401
        await keys("revoke", made["key_id"])
        assert await until(lambda: everywhere(401), PROMISE_S)


async def test_a_revocation_while_the_process_was_cut_off_acts_after_the_reconnect(
    fresh_nats, tmp_path, keys
) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        (made,) = await keys("create", "shop", "--json")

        async def answers(expected: int) -> bool:
            return await status(client, made["key"]) == expected

        assert await until(lambda: answers(200))
        await asyncio.to_thread(fresh_nats.kill)
        assert await status(client, made["key"]) == 503, "a known key stays known while NATS is away"
        await asyncio.to_thread(fresh_nats.start)
        await keys("revoke", made["key_id"])
        assert await until(lambda: answers(401))


async def test_a_scope_that_a_key_lacks_is_403(fresh_nats, tmp_path, keys) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        (made,) = await keys("create", "reports", "--scope", "events:read", "--json")

        async def refused() -> bool:
            return await status(client, made["key"]) == 403

        assert await until(refused)
        client.headers.pop("Authorization")
        answer = await client.post("/v1/guard/input", json={"text": "a"}, headers={"X-API-Key": made["key"]})
        assert answer.headers["content-type"] == "application/problem+json"
        assert "`guard`" in answer.json()["detail"]
        assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_rotation_lets_both_keys_work_for_the_overlap(fresh_nats, tmp_path, keys) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        (old,) = await keys("create", "shop", "--expires", "90d", "--test", "--json")
        (new,) = await keys("rotate", old["key_id"], "--overlap", "1h", "--json")

        async def both() -> bool:
            return [await status(client, key["key"]) for key in (old, new)] == [200, 200]

        assert await until(both)
        (newest,) = await keys("rotate", new["key_id"], "--overlap", "0s", "--json")

        async def replaced() -> bool:
            return [await status(client, key["key"]) for key in (new, newest)] == [401, 200]

        assert await until(replaced)
        with pytest.raises(AssertionError, match=f"rotated already: its successor is {new['key_id']}"):
            await keys("rotate", old["key_id"])
        with pytest.raises(AssertionError, match="there is no key a b"):
            await keys("revoke", "a b")
        listed = await keys("list", "--json")
        assert [key["state"] for key in listed] == ["active", "expired", "active"]
        assert {key["client_id"] for key in listed} == {"shop"}
        assert "digest" not in listed[0]


async def test_the_last_use_of_a_key_is_written_down(fresh_nats, tmp_path, keys) -> None:
    async with provisioned(fresh_nats.url), detection(fresh_nats.url, answering):
        async with api(fresh_nats.url, tmp_path) as client:
            (made,) = await keys("create", "shop", "--json")

            async def known() -> bool:
                return await status(client, made["key"]) == 200

            assert await until(known)
            assert (await keys("list", "--json"))[0]["used_at"] is None
        assert (await keys("list", "--json"))[0]["used_at"]


async def test_the_key_itself_is_nowhere_but_on_the_terminal(fresh_nats, tmp_path, keys, caplog) -> None:
    bodies = []
    with caplog.at_level(logging.DEBUG):
        async with (
            provisioned(fresh_nats.url) as js,
            detection(fresh_nats.url, answering),
            api(fresh_nats.url, tmp_path) as client,
        ):
            (made,) = await keys("create", "shop", "--json")

            async def known() -> bool:
                return await status(client, made["key"]) == 200

            assert await until(known)
            await keys("revoke", made["key_id"])
            assert await until(lambda: _is(client, made["key"], 401))
            for headers in ({"Authorization": f"Basic {made['key']}"}, {"X-API-Key": made["key"]}):
                client.headers.pop("Authorization", None)
                answer = await client.post("/v1/guard/input", json={"text": ""}, headers=headers)
                bodies.append(answer.text + str(answer.headers))
            stored = b"".join(
                [(await js.get_msg(KEYS.stream, seq=number)).data for number in (1, 2)]
            ).decode()
    secret = made["key"][8:-6]
    assert secret not in stored
    assert secret not in caplog.text
    assert secret not in "".join(bodies)
    on_disk = [
        file
        for file in (tmp_path / "data").rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
    ]
    assert on_disk == []


async def _is(client, key: str, expected: int) -> bool:
    return await status(client, key) == expected


async def test_without_the_bucket_the_development_key_works_and_others_may_be_good(
    fresh_nats, tmp_path
) -> None:
    from app.access.key import new_key

    async with provisioned(fresh_nats.url) as js, detection(fresh_nats.url, answering):
        await js.delete_stream(KEYS.stream)
        async with api(fresh_nats.url, tmp_path) as client:
            assert (await ask(client)).status_code == 200
            answer = await client.post(
                "/v1/guard/input", json={"text": "a"}, headers={"Authorization": f"Bearer {new_key()}"}
            )
            assert answer.status_code == 503
            assert "retry-after" in answer.headers


def test_the_development_key_stays_on_loopback(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"loopback only.*VIGIL_DEV_KEY=off"):
        create_app(Settings(vigil_host="0.0.0.0", vigil_data_dir=tmp_path))
    create_app(Settings(vigil_host="0.0.0.0", vigil_data_dir=tmp_path, vigil_dev_key=False))
    assert not (tmp_path / "dev-key").exists()
