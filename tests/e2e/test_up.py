"""`vigil up`: start, restart, stop, and what it says when it cannot."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.running import Vigil


def test_a_stop_leaves_nothing_behind_and_a_second_start_goes_on_with_the_same_data(
    tmp_path: Path, stopped_after
) -> None:
    vigil = stopped_after(Vigil(tmp_path))
    vigil.start()
    first_id = vigil.guard("A quiet evening").json()["request_id"]
    key = vigil.key
    memory = sum(
        process.memory_info().rss for process in [psutil.Process(vigil.process.pid), *vigil.processes()]
    )
    assert memory < 1.5e9, f"{memory / 1e6:.0f} MB resident"
    children = vigil.processes()
    assert vigil.stop(signal.SIGTERM) == 0, vigil.said()
    assert not psutil.wait_procs(children, timeout=5)[1]
    vigil.start()
    assert vigil.key == key
    assert len(vigil.events(first_id)) == 1, "what was waiting in the stream arrives after the restart"
    children = vigil.processes()
    vigil.process.kill()
    vigil.process.wait()
    assert not psutil.wait_procs(children, timeout=30)[1], "killed with nine it leaves no orphan"
    vigil.start()
    assert vigil.guard("Good morning").json()["decision"] == "ALLOW"
    assert vigil.stop() == 0


def test_a_taken_port_or_folder_or_a_senseless_setting_stops_the_start_with_one_line(
    vigil: Vigil, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Vigil(tmp_path, VIGIL_PORT=str(port)).command("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"port {port}" in refused.stderr
    assert "VIGIL_PORT" in refused.stderr
    other = Vigil(tmp_path, VIGIL_DATA_DIR=str(vigil.folder / "data")).command("up")
    assert other.returncode == 1
    assert "in use by another Vigil" in other.stderr
    for setting, hint in (
        ({"VIGIL_WORKERS": "detektion"}, "detection, arbiter, pii, logging"),
        ({"CLICKHOUSE_PORT": "8123"}, "native port"),
        ({"SANITIZE_THRESHOLD": "90"}, "BLOCK_THRESHOLD"),
    ):
        wrong = Vigil(tmp_path, **setting).command("up")
        assert wrong.returncode == 1
        assert wrong.stderr.count("\n") == 1, wrong.stderr
        assert hint in wrong.stderr


def test_stopping_while_starting_is_clean(tmp_path: Path) -> None:

    from tests.running import COMMAND

    vigil = Vigil(tmp_path)
    process = subprocess.Popen([*COMMAND, "up"], env=vigil.environment, cwd=tmp_path, stderr=subprocess.PIPE)
    parent = psutil.Process(process.pid)
    end = time.monotonic() + 60
    while not (children := parent.children(recursive=True)) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert not psutil.wait_procs(children, timeout=5)[1]


def test_interrupted_while_its_modules_load_it_ends_without_a_traceback(tmp_path: Path) -> None:
    vigil = Vigil(tmp_path)
    for module in (b"typer", b"faststream", b"nats.js"):
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "app", "up"],
            env=vigil.environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        assert any(module in line for line in process.stdout), "modules are named as they are loaded"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert b"Traceback" not in output


def test_faststream_run_stops_with_one_line_when_a_name_or_a_consumer_is_wrong(
    fresh_nats, tmp_path: Path
) -> None:
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "faststream", "run", "app:app"],
            env={**os.environ, "NATS_SERVERS": fresh_nats.url, **environment},
            cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    wrong = run(VIGIL_WORKERS="detection,foo")
    assert wrong.returncode == 1
    assert wrong.stderr.strip() == (
        "vigil: VIGIL_WORKERS='detection,foo': unknown worker foo; the names are detection, arbiter, pii, logging"
    )
    missing = run(VIGIL_WORKERS="arbiter")
    assert missing.returncode == 1
    assert (
        "consumer arbiter-worker of stream VIGIL does not exist: run `vigil streams apply`" in missing.stderr
    )
    assert "Traceback" not in missing.stderr
