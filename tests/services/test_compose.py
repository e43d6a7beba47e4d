"""The compose file as Compose itself reads it."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.compose.native.document import read, read_settings
from tests.documents import ROOT

FOLDER = ROOT / "deploy/compose"
SIZES = pytest.mark.parametrize("size", ["full", "small"])


def config(size: str, *files: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    names = [word for file in files or [FOLDER / "compose.yaml"] for word in ("-f", file)]
    return subprocess.run(
        ["docker-compose", *names, "--env-file", FOLDER / f"{size}.env", "config"],
        env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@SIZES
def test_compose_takes_it_without_a_word(size: str) -> None:
    done = config(size)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@SIZES
def test_compose_reads_what_make_cluster_reads(size: str) -> None:
    theirs = yaml.safe_load(config(size).stdout)["services"]
    settings = read_settings(FOLDER / f"{size}.env")
    for one in read(FOLDER / "compose.yaml", settings).services:
        service = theirs[one.name]
        # Compose writes a dollar as two, so that its output can be its input.
        assert (*service.get("entrypoint", ()), *service.get("command", ())) == one.command
        assert {key: str(value) for key, value in service.get("environment", {}).items()} == one.environment
        assert service["image"] == one.image
        assert service["deploy"].get("replicas", 1) == one.replicas
    ours = {one.name for one in read(FOLDER / "compose.yaml", settings).services}
    assert ours == {name for name, body in theirs.items() if settings["COMPOSE_PROFILES"] in body["profiles"]}


def test_a_word_that_compose_does_not_know_is_refused(tmp_path: Path) -> None:
    wrong = (FOLDER / "compose.yaml").read_text().replace("    ports:\n", "    portz:\n")
    (tmp_path / "compose.yaml").write_text(wrong)
    done = config("full", tmp_path / "compose.yaml")
    assert done.returncode != 0
    assert "portz" in done.stderr


def test_the_predecessors_services_can_be_added(tmp_path: Path) -> None:
    files = [FOLDER / "compose.yaml", FOLDER / "predecessor.yaml"]
    unnamed = config("full", *files)
    assert unnamed.returncode != 0
    assert "the folder of a clone of Vigil-Guard" in unnamed.stderr
    for name in ("heuristics-service", "semantic-service", "presidio-pii-api", "language-detector"):
        (tmp_path / "services" / name).mkdir(parents=True)
    (tmp_path / "prompt-guard-api").mkdir()
    (tmp_path / ".env").touch()
    named = config("full", *files, VIGIL_GUARD=str(tmp_path))
    assert named.returncode == 0, named.stderr
    services = yaml.safe_load(named.stdout)["services"]
    assert services["detection"]["environment"]["HEURISTICS_URL"] == "http://heuristics-service:5005"
    assert services["detection"]["environment"]["VIGIL_WORKERS"] == "detection"
    assert services["pii"]["environment"]["PRESIDIO_URL"] == "http://presidio-pii-api:5001"
