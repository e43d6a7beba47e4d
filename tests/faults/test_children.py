"""Children that die, hang, never start, or lose their parent."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.errors import StartError
from app.runtime import children
from app.runtime.children import Child
from app.runtime.data_folder import DataFolder
from app.runtime.supervisor import Supervisor
from tests.servers import eventually

ROOT = Path(__file__).resolve().parents[2]

# Says that it runs by touching a file, then sleeps; `{}` is what it does first.
PROGRAM = """
import pathlib, signal, sys, time
{}
pathlib.Path("ready").touch()
time.sleep(60)
"""


def child(folder: Path, first: str = "", *, name: str = "program", **options: float) -> Child:
    async def ready() -> bool:
        return (folder / "ready").exists()

    folder.mkdir(exist_ok=True)
    (folder / "ready").unlink(missing_ok=True)
    command = [sys.executable, "-c", PROGRAM.format(first)]
    return Child(name, command, healthy=ready, log_file=folder / "program.log", cwd=folder, **options)


async def test_it_is_ready_when_start_returns_and_gone_when_stop_does(tmp_path: Path) -> None:
    program = child(tmp_path, "print('hello from the program', flush=True)")
    await program.start()
    pid = program.pid
    assert pid is not None
    assert os.getsid(pid) == pid, "Ctrl-C in the terminal would reach it"
    await program.stop()
    assert program.pid is None
    assert not psutil.pid_exists(pid)
    assert "hello from the program" in program.log_file.read_text()
    await program.stop()


async def test_it_is_started_again_when_it_dies(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="app.runtime.children")
    program = child(tmp_path)
    await program.start()
    for times in (1, 2):
        before = program.pid
        program.kill()
        await eventually(lambda: program.pid not in {None, before})  # noqa: B023
        assert program.restarts == times
    await eventually(lambda: "is running again" in caplog.messages[-1])
    await program.stop()
    ends = [line for line in caplog.messages if "ended" in line]
    assert ends == [
        "program ended (killed by SIGKILL): starting it again in 0.2 s",
        "program ended (killed by SIGKILL): starting it again in 0.4 s",
    ]


async def test_after_a_steady_time_the_delay_starts_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "STEADY_AFTER_S", 0.0)
    program = child(tmp_path)
    await program.start()
    for _ in range(2):
        before = program.pid
        program.kill()
        await eventually(lambda: program.pid not in {None, before})  # noqa: B023
    await program.stop()
    assert [line[-5:] for line in caplog.messages if "ended" in line] == ["0.2 s", "0.2 s"]


async def test_one_that_cannot_come_back_is_tried_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_DELAY_S", 0.05)
    monkeypatch.setattr(children, "LAST_DELAY_S", 0.1)
    program = child(tmp_path, "if pathlib.Path('broken').exists(): sys.exit('it is broken')")
    await program.start()
    (tmp_path / "broken").touch()
    (tmp_path / "ready").unlink()
    program.kill()
    await eventually(lambda: sum("it is broken" in line for line in caplog.messages) >= 3)
    (tmp_path / "broken").unlink()
    await eventually((tmp_path / "ready").exists)
    await program.stop()


async def test_one_that_never_starts_is_one_clear_line(tmp_path: Path) -> None:
    program = child(tmp_path, "print('attempt'); sys.exit('no such luck')")
    started = time.monotonic()
    with pytest.raises(StartError, match=r"^program did not start \(exit status 1\): no such luck") as raised:
        await program.start()
    assert "\n" not in str(raised.value)
    assert (tmp_path / "program.log").read_text().count("attempt") == 3
    assert time.monotonic() - started < 10


async def test_one_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    program = child(tmp_path, "time.sleep(60)", start_timeout_s=0.5)
    with pytest.raises(StartError, match=r"not ready within 0.5 s"):
        await program.start()
    assert program.pid is None


async def test_a_missing_program_is_one_clear_line(tmp_path: Path) -> None:
    async def ready() -> bool:
        return True

    with pytest.raises(StartError, match=r"^ghost cannot be started: .*No such file"):
        await Child("ghost", ["/no/such/program"], healthy=ready, log_file=tmp_path / "log").start()


async def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    program = child(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN)", grace_s=0.3)
    await program.start()
    await program.stop()
    assert program.pid is None


async def test_a_start_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    program = child(tmp_path, "time.sleep(60)")
    start = asyncio.create_task(program.start())
    await eventually(lambda: program.pid is not None)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert program.pid is None


async def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MAX_LOG_BYTES", 10)
    program = child(tmp_path, "print('x' * 100, flush=True)")
    for _ in range(2):
        (tmp_path / "ready").unlink(missing_ok=True)
        await program.start()
        await program.stop()
    assert (tmp_path / "program.log.1").exists()
    assert program.log_file.stat().st_size < 200


async def test_the_latest_is_stopped_first_and_a_failed_start_stops_the_others(tmp_path: Path) -> None:
    order: list[str] = []

    class Named(Child):
        async def stop(self) -> None:
            order.append(self.name)
            await super().stop()

    def named(name: str, first: str = "") -> Child:
        made = child(tmp_path / name, first, name=name)
        made.__class__ = Named
        return made

    first, second = named("first"), named("second")

    async def run() -> None:
        async with Supervisor() as servers:
            await servers.start(first)
            await servers.start(second)
            await servers.start(named("third", "sys.exit('no')"))

    with pytest.raises(StartError):
        await run()
    assert order == ["second", "first"]
    assert first.pid is None
    assert second.pid is None


async def test_servers_beside_each_other_are_stopped_together(tmp_path: Path) -> None:
    both = asyncio.Event()
    stopping: list[str] = []

    class Waiting:
        def __init__(self, name: str) -> None:
            self.name = name

        async def start(self) -> None:
            """At once."""

        async def stop(self) -> None:
            stopping.append(self.name)
            if len(stopping) > 1:
                both.set()
            if self.name.startswith("worker"):
                await both.wait()

    servers, first = Supervisor(), Waiting("worker-1")
    for server, beside in ((first, None), (Waiting("api"), None), (Waiting("worker-2"), first)):
        await servers.start(server, beside=beside)
    await asyncio.wait_for(servers.stop(), 10)
    assert stopping == ["api", "worker-1", "worker-2"]


# A parent with both servers in the folder of its first argument; it prints their process ids.
PARENT = """
import asyncio, pathlib, sys
from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.data_folder import DataFolder
from app.runtime.nats_server import NatsServer
from app.runtime.ports import free_port

async def main():
    data = DataFolder(pathlib.Path(sys.argv[1]))
    keep = [data.lock_fd]
    a = NatsServer(data.folder("nats"), port=free_port(), monitor_port=free_port(), keep_fds=keep)
    b = ClickHouseServer(data.folder("clickhouse"), port=free_port(), keep_fds=keep)
    await a.start()
    await b.start()
    print(a.child.pid, b.child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_parent_leaves_no_orphan_and_its_folder_is_free(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    command = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        with pytest.raises(StartError, match=rf"is in use by another Vigil \(pid {parent.pid}\)"):
            DataFolder(folder)
        parent.send_signal(signal.SIGKILL)
        parent.wait()

    with DataFolder(folder):
        # The lock is free only when the last server has ended: no wait is needed here.
        for pid in pids:
            assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
