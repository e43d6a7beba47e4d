"""The compose file says what the brief asks for, and what `make cluster` makes of it is the same."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.remote.engines import ENGINES
from app.settings import Settings
from app.streams import WORKERS
from deploy.compose.native.container import Container
from deploy.compose.native.document import Service, read, read_settings
from deploy.image.containerfile import environment

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/compose"
RAW: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
FULL = {one.name: one for one in read(FOLDER / "compose.yaml", read_settings(FOLDER / "full.env")).services}
SMALL = {one.name: one for one in read(FOLDER / "compose.yaml", read_settings(FOLDER / "small.env")).services}
IMAGE = environment((ROOT / "Containerfile").read_text(encoding="utf-8"))
OURS = {name: body for name, body in RAW["services"].items() if "vigil" in body["image"]}


def test_the_workers_have_the_replicas_of_the_brief_and_run_one_subscriber_each() -> None:
    replicas = {
        one.environment["VIGIL_WORKERS"]: one.replicas for one in FULL.values() if "faststream" in one.command
    }
    assert replicas == {"detection": 3, "pii": 2, "arbiter": 2, "logging": 1}


def test_three_nats_nodes_or_one() -> None:
    nodes = {one.command[2:] for one in FULL.values() if "nats:" in one.image}
    assert nodes == {(f"node-{number}", "nats-1:6222", "nats-2:6222", "nats-3:6222") for number in (1, 2, 3)}
    assert FULL["provision"].environment["VIGIL_REPLICAS"] == "3"
    assert [one.name for one in SMALL.values() if "nats:" in one.image] == ["nats"]
    assert SMALL["provision"].environment["VIGIL_REPLICAS"] == "1"
    assert SMALL["api"].environment["NATS_SERVERS"] == "nats://nats:4222"


def test_the_small_one_runs_every_worker_and_needs_no_redis() -> None:
    assert set(SMALL["workers"].environment["VIGIL_WORKERS"].split(",")) == set(WORKERS)
    assert set(SMALL) == {"nats", "clickhouse", "provision", "api", "workers"}
    assert SMALL["api"].environment["REDIS_URL"] == ""


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_that_the_process_knows(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields}
    for setting in OURS[name]["environment"]:
        assert setting in known or setting.startswith("OTEL_"), setting
    for secret in OURS[name].get("secrets", ()):
        assert secret in Settings.model_fields


@pytest.mark.parametrize("services", [FULL, SMALL], ids=["full", "small"])
def test_the_settings_make_sense(services: dict[str, Service], monkeypatch: pytest.MonkeyPatch) -> None:
    for service in services.values():
        if service.name in OURS:
            with monkeypatch.context() as context:
                for name, value in {**IMAGE, **service.environment}.items():
                    context.setenv(name, value)
                assert Settings().vigil_dev_key is False


@pytest.mark.parametrize("name", RAW["services"])
def test_what_runs_is_restarted_checked_and_limited(name: str) -> None:
    service = RAW["services"][name]
    assert service["healthcheck"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == ("no" if name == "provision" else "unless-stopped")
    # Those whose image sets its own files up first, and then gives its rights away.
    if name != "clickhouse":
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", RAW["services"])
def test_secrets_are_files(name: str) -> None:
    for setting, value in RAW["services"][name].get("environment", {}).items():
        if re.search("PASS|SECRET|_KEY", setting):
            assert value.startswith("/run/secrets"), setting


def test_only_the_api_is_reached_from_outside_and_only_it_reaches_out() -> None:
    assert [name for name, service in RAW["services"].items() if service.get("ports")] == ["api"]
    assert [name for name, service in RAW["services"].items() if "front" in service["networks"]] == ["api"]
    assert [name for name, network in RAW["networks"].items() if not network.get("internal")] == ["front"]
    assert RAW["services"]["api"]["ports"] == ["${VIGIL_PUBLISH:-127.0.0.1:8080}:8080"]


def test_the_predecessors_services_answer_where_ours_would() -> None:
    services = yaml.safe_load((FOLDER / "predecessor.yaml").read_text(encoding="utf-8"))["services"]
    urls = {**services["detection"]["environment"], **services["pii"]["environment"]}
    assert {int(url.rpartition(":")[2]) for url in urls.values()} == {
        engine.port for engine in ENGINES.values()
    }
    assert {re.split("[/:]+", url)[1] for url in urls.values()} == set(services) - {
        "detection",
        "pii",
        "workers",
    }
    assert services["workers"]["environment"] == urls


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run(["sh", FOLDER / "secrets.sh", tmp_path / "made"], check=True, capture_output=True)
        return {file.name: file.read_text() for file in (tmp_path / "made").iterdir()}

    first = make()
    assert set(first) == set(RAW["secrets"])
    assert len(set(first.values())) == len(first)
    assert re.fullmatch("[a-z][0-9a-f]{64}", first["nats_pass"])
    assert Settings(vigil_secret_key=first["vigil_secret_key"])
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700
    (tmp_path / "made/nats_pass").unlink()
    second = make()
    assert second["vigil_secret_key"] == first["vigil_secret_key"]
    assert second["nats_pass"] != first["nats_pass"]


def test_names_and_paths_of_containers_are_put_where_they_are_here(tmp_path: Path) -> None:
    service = Service("logging", "vigil", ("run", "/data/x", "n:6222", "/bin/sh"), {})
    one = Container(
        service, 1, "127.9.9.9", tmp_path, {"n": "127.1.1.1", "logging": "127.1.1.2"}, {"/data": tmp_path}
    )
    assert one.command == ("run", f"{tmp_path}/x", "127.1.1.1:6222", "/bin/sh")
    image = {
        "A_HOST": "n",
        "WHO": "logging",
        "L": "0.0.0.0:80",
        "U": "nats://n:1,nats://not-n:1",
        "P": "/database",
    }
    assert one.environment(image) == {
        "A_HOST": "127.1.1.1", "WHO": "logging", "L": "127.9.9.9:80", "U": "nats://127.1.1.1:1,nats://not-n:1",
        "P": "/database",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "settings", "value"),
    [
        ("${A:-x}", {}, "x"), ("${A:-x}", {"A": ""}, "x"), ("${A-x}", {"A": ""}, ""), ("${A-x}", {}, "x"),
        ("${A}", {"A": "y"}, "y"), ("${A:-}", {}, ""), ("$$A", {"A": "y"}, "$A"), ("a${A:-x}b", {"A": "y"}, "ayb"),
    ],
)  # fmt: skip
def test_variables(tmp_path: Path, text: str, settings: dict[str, str], value: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(yaml.safe_dump({"services": {"s": {"image": text}}, "secrets": {}}))
    (service,) = read(file, {"COMPOSE_PROFILES": "x", **settings}).services
    assert service.image == value
