"""Policies on a real server: set by the command line, held to by a running API, with their history."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from app.access.policy_store import open_policies
from app.commands import cli
from app.publishers import verdict
from app.schemas.guard import GuardRequest
from app.settings import settings
from tests.services.test_answer_path import answer, answering, api, ask, detection, silent
from tests.wires import provisioned, until

PROMISE_S = 2.0


@pytest.fixture
def policy(fresh_nats, monkeypatch):
    """`vigil policy ...`; gives exit code and output."""
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    settings.cache_clear()
    runner = CliRunner()

    async def run(*words: str, file: object = None):
        given = None if file is None else json.dumps(file)
        result = await asyncio.to_thread(runner.invoke, cli, ["policy", *words], input=given)
        return result.exit_code, result.stdout if result.exit_code != 1 or result.stdout else str(
            result.exception
        )

    yield run
    settings.cache_clear()


async def telling(request: GuardRequest) -> None:
    """Answers with the policy that came with the request, as categories."""
    told = answer(request).model_copy(update={"categories": (request.policy.model_dump_json(),)})
    await verdict.publish(told)


async def test_a_policy_acts_on_the_next_requests_of_a_running_process(fresh_nats, tmp_path, policy) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, telling),
        api(fresh_nats.url, tmp_path) as client,
    ):

        async def seen(**wanted: object) -> bool:
            told = json.loads((await ask(client)).json()["categories"][0])
            return {name: told[name] for name in wanted} == wanted

        assert await seen(version=0, shadow=False)
        assert (await policy("set", "default", "-", file={"shadow": True}))[0] == 0
        assert await until(lambda: seen(version=1, shadow=True))
        assert (await policy("set", "dev", "-", file={"block_threshold": 80, "deny": ["project falcon"]}))[
            0
        ] == 0
        assert await until(lambda: seen(version=1, shadow=False, block_threshold=80, deny=["project falcon"]))
        await asyncio.to_thread(fresh_nats.kill)
        await asyncio.to_thread(fresh_nats.start)
        assert (await policy("set", "dev", "-", file={}))[0] == 0

        async def reset() -> bool:
            return (await ask(client)).status_code == 200 and await seen(version=2, block_threshold=None)

        assert await until(reset)


async def test_a_mode_that_is_not_allowed_is_403_and_limits_are_the_clients_own(
    fresh_nats, tmp_path, policy
) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, telling),
        api(fresh_nats.url, tmp_path) as client,
    ):
        await policy("set", "dev", "-", file={"modes": ["fast"], "rate_limits": "100/hour"})

        async def refused() -> bool:
            return (await ask(client)).status_code == 403

        assert await until(refused)
        answer = await ask(client, mode="fast")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"hour";q=100;w=3600'


async def test_without_a_verdict_in_time_a_policy_that_fails_open_allows_and_says_so(
    fresh_nats, tmp_path, policy
) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, silent),
        api(fresh_nats.url, tmp_path, timeout_ms=500) as client,
    ):
        await policy("set", "dev", "-", file={"fail_mode": "open"})

        async def allowed() -> bool:
            return (await ask(client)).status_code == 200

        assert await until(allowed)
        body = (await ask(client)).json()
        assert (body["decision"], body["fail_mode"], body["failed"]) == ("ALLOW", "open", True)
        assert body["degraded"] == ["heuristics", "semantic", "classifier"]


async def test_versions_are_kept_compared_and_read_again(fresh_nats, policy, tmp_path) -> None:
    async with provisioned(fresh_nats.url):
        assert await policy("get", "shop") == (0, "{}\n")
        await policy("set", "shop", "-", file={"block_threshold": 80})
        await policy("set", "shop", "-", file={"block_threshold": 60, "shadow": True})
        assert json.loads((await policy("get", "shop"))[1]) == {"block_threshold": 60, "shadow": True}
        assert json.loads((await policy("get", "shop", "--version", "1"))[1]) == {"block_threshold": 80}
        assert json.loads((await policy("get", "shop", "--all"))[1])["pii_action"] == "mask"
        code, text = await policy("diff", "shop", "1", "2")
        assert code == 1
        assert '-  "block_threshold": 80.0,' in text
        assert '+  "block_threshold": 60.0,' in text
        assert await policy("diff", "shop", "2") == (0, "")
        file = tmp_path / "policy.yaml"
        file.write_text("shadow: true\nblock_threshold: 60\n")
        assert await policy("diff", "shop", str(file)) == (0, "")
        history = (await policy("history", "shop"))[1]
        assert "block_threshold, shadow" in history
        code, text = await policy("set", "shop", "-", file={"blok": 1})
        assert code == 1
        assert "blok" in text
        assert await policy("get", "a shop") == (
            1, "'a shop' names no client: `vigil keys list` shows them",
        )  # fmt: skip
        assert len((await policy("history", "shop"))[1].splitlines()) == len(history.splitlines())


async def test_a_scan_is_held_to_a_clients_policy_or_to_a_file(fresh_nats, policy, tmp_path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"text": "All about project falcon."}\n{"text": "PESEL 44051401359"}\n')
    file = tmp_path / "policy.yaml"
    file.write_text("pii_action: report\nmodes: [fast]\n")

    async def scanned(*options: str) -> list[tuple[object, ...]]:
        out = tmp_path / "out.jsonl"
        words = ["scan", str(lines), "--out", str(out), *options]
        result = await asyncio.to_thread(CliRunner().invoke, cli, words)
        if result.exit_code:
            return [(str(result.exception),)]
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        return [(row["decision"], row.get("shadow_decision")) for row in rows]

    async with provisioned(fresh_nats.url):
        await policy("set", "shop", "-", file={"deny": ["project falcon"], "shadow": True})
        assert await scanned("--mode", "fast") == [("ALLOW", None), ("SANITIZE", None)]
        assert await scanned("--mode", "fast", "--policy", "shop") == [
            ("ALLOW", "BLOCK"),
            ("ALLOW", "SANITIZE"),
        ]
        assert await scanned("--mode", "fast", "--policy", str(file)) == [("ALLOW", None), ("ALLOW", None)]
        ((refused,),) = await scanned("--policy", str(file))
        assert "--mode fast" in str(refused)
        ((unknown,),) = await scanned("--policy", "nobody")
        assert "no policy is stored for nobody" in str(unknown)


async def test_a_change_acts_on_every_process_within_the_two_seconds_of_the_promise(
    fresh_nats, tmp_path
) -> None:
    async with (
        provisioned(fresh_nats.url) as js,
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, timeout_ms=15_000) as one,
        api(fresh_nats.url, tmp_path, timeout_ms=15_000) as other,
    ):

        async def everywhere(status: int) -> bool:
            return {(await ask(process)).status_code for process in (one, other)} == {status}

        store = await open_policies(js)
        assert await until(lambda: everywhere(200))
        await store.set("dev", {"modes": ["fast"]})
        assert await until(lambda: everywhere(403), PROMISE_S)
        await store.set("dev", {})
        assert await until(lambda: everywhere(200), PROMISE_S)
