"""`vigil doctor` on the running product, whole and with each part broken."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import nats
import pytest
from typer.testing import CliRunner

from app.commands import cli
from app.commands.doctor import examine
from app.commands.doctor.result import Result, Status
from app.detection import artefacts
from app.runtime.ports import free_port
from app.settings import settings
from app.streams import VIGIL, VIGIL_DLQ
from tests.running import Vigil

SECRET = "correct-horse-battery"


@pytest.fixture
def doctor(vigil: Vigil, monkeypatch) -> Iterator[Callable[..., dict[str, Result]]]:
    """What the doctor finds with these settings changed: by check, faults first."""
    monkeypatch.setattr("app.commands.doctor.nats.LOOKS_APART_S", 0.1)
    monkeypatch.setenv("VIGIL_DATA_DIR", vigil.environment["VIGIL_DATA_DIR"])
    monkeypatch.setenv("VIGIL_PORT", str(vigil.port))

    def ask(**environment: str) -> dict[str, Result]:
        with monkeypatch.context() as changed:
            for name, value in environment.items():
                changed.setenv(name, value)
            settings.cache_clear()
            results = asyncio.run(examine())
        assert SECRET not in "\n".join(map(str, results))
        worst = sorted(results, key=lambda result: result.status is Status.FAULT)
        return {result.check: result for result in worst}

    yield ask
    settings.cache_clear()


def faults(found: dict[str, Result]) -> set[str]:
    return {check for check, result in found.items() if result.status is Status.FAULT}


def dead_port() -> str:
    return str(free_port())


def test_a_healthy_product_is_well_and_the_command_says_so(vigil: Vigil) -> None:
    vigil.wait_for_all()
    result = vigil.command("doctor", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0, result.stdout + result.stderr
    assert {line["status"] for line in lines} <= {"ok", "skipped", "warning"}
    wanted = {
        "settings",
        "secret key",
        "disk",
        "NATS",
        "clock NATS",
        "streams",
        "keys",
        "ClickHouse",
        "schema",
    }
    wanted |= {"event log", "Redis", "engines", "API", "clock API", "pipeline"}
    assert wanted <= {line["check"] for line in lines}
    secrets = [(vigil.folder / "data" / name).read_text().strip() for name in ("dev-key", "secret-key")]
    assert not any(secret in result.stdout for secret in secrets)


def test_settings_that_make_no_sense_end_the_examination_with_the_line_that_says_so(doctor) -> None:
    found = doctor(SANITIZE_THRESHOLD="90")
    assert set(found) == {"settings"}
    assert "BLOCK_THRESHOLD" in found["settings"].said


@pytest.mark.parametrize(
    ("environment", "check", "hint"),
    [
        ({"NATS_SERVERS": f"nats://vigil:{SECRET}@127.0.0.1:{{port}}"}, "NATS", "no NATS server answers"),
        ({"CLICKHOUSE_PORT": "{port}", "CLICKHOUSE_PASSWORD": SECRET}, "ClickHouse", "127.0.0.1:"),
        ({"CLICKHOUSE_DATABASE": "elsewhere"}, "schema", "vigil events migrate"),
        ({"REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{{port}}/0"}, "Redis", "does not answer"),
        ({"HEURISTICS_URL": "http://127.0.0.1:{port}"}, "heuristics", "HEURISTICS_URL"),
        ({"VIGIL_URL": "http://127.0.0.1:{port}"}, "API", "does not answer"),
        ({"VIGIL_REPLICAS": "3"}, "streams", "num_replicas is 1, should be 3"),
        ({"VIGIL_HOST": "0.0.0.0", "VIGIL_URL": "{url}"}, "dev key", "VIGIL_DEV_KEY=off"),
        ({"VIGIL_URL": "https://127.0.0.1:{live}"}, "certificate", "no TLS"),
    ],
)
def test_each_part_that_is_broken_is_named_with_its_cure(
    doctor, vigil: Vigil, environment, check, hint
) -> None:
    filled = {
        name: value.format(port=dead_port(), url=vigil.url, live=vigil.port)
        for name, value in environment.items()
    }
    found = doctor(**filled)
    assert check in faults(found)
    assert hint in str(found[check])
    assert found[check].cure


def test_a_model_file_that_was_changed(doctor, monkeypatch) -> None:
    monkeypatch.setattr(artefacts, "FOLDER", Path("/nowhere"))
    assert "ngrams.npz" in doctor()["engines"].said


def test_keys_that_were_made_under_another_secret_key(doctor) -> None:
    made = CliRunner().invoke(cli, ["keys", "create", "somebody", "--json"])
    key_id = json.loads(made.output)["key_id"]
    assert doctor()["keys"].status is Status.OK
    assert "another VIGIL_SECRET_KEY" in doctor(VIGIL_SECRET_KEY="ab" * 32)["keys"].said
    assert CliRunner().invoke(cli, ["keys", "revoke", key_id]).exit_code == 0


@contextmanager
def frozen(vigil: Vigil) -> Iterator[None]:
    workers = vigil.processes("faststream")
    for worker in workers:
        os.kill(worker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            os.kill(worker.pid, signal.SIGCONT)


def test_workers_that_hang(doctor, vigil: Vigil) -> None:
    vigil.wait_for_all()
    with frozen(vigil):
        while httpx.get(f"{vigil.url}/readyz", timeout=20).is_success:  # an answer holds for a second
            time.sleep(0.2)
        found = doctor()
    assert "pipeline" in faults(found)
    assert found["pipeline"].cure == "a worker is missing or stuck: run `vigil streams check`"


def test_a_drift_and_dead_letters(doctor, vigil: Vigil) -> None:
    async def break_it() -> None:
        connection = await nats.connect(vigil.services["nats_servers"])
        js = connection.jetstream()
        before = (await js.stream_info(VIGIL.name)).config
        await js.update_stream(before.evolve(max_msgs=5000))
        await js.publish("vigil.dlq.pii-worker", b"{}", stream=VIGIL_DLQ.name)
        await connection.close()

    async def mend_it() -> None:
        connection = await nats.connect(vigil.services["nats_servers"])
        await connection.jetstream().purge_stream(VIGIL_DLQ.name)
        await connection.close()

    asyncio.run(break_it())
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "stream VIGIL: max_msgs is 5000, should be 10000000; run `vigil streams apply`" in result.output
    assert "1 dead letters wait for somebody" in result.output
    assert CliRunner().invoke(cli, ["streams", "apply"]).exit_code == 0
    asyncio.run(mend_it())
    while found := faults(doctor()):  # a probe may have been under way while the stream was changed
        assert found == {"pipeline"}
        time.sleep(0.5)
