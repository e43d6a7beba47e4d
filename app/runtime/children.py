"""A supervised child process."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.errors import StartError
from app.runtime.parent_death import end_with_parent
from app.runtime.tasks import cancel

log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.2
LAST_DELAY_S = 5.0
STEADY_AFTER_S = 30.0
START_ATTEMPTS = 3
MAX_LOG_BYTES = 10_000_000

Health = Callable[[], Awaitable[bool]]


class Child:
    """A program that runs as long as we do: started, awaited until healthy, restarted when it dies, stopped.

    It runs in its own session, so that Ctrl-C in the terminal reaches only us and we stop it in order; when
    we are killed, it gets SIGTERM. Its output goes to a file. Use it from one event loop, in a thread that
    outlives it.

    Args:
        name: how messages call it.
        command: the program and its arguments.
        healthy: asked every 50 ms after a start; True ends the wait; an error is a no.
        log_file: where its output is appended. Past 10 MB the file is moved to `<name>.1` at the next start.
        cwd: its working directory.
        env: its whole environment, None for ours.
        keep_fds: open files it inherits.
        start_timeout_s: how long one start may take until it is healthy.
        grace_s: how long it may take to end after SIGTERM.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        healthy: Health,
        log_file: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        keep_fds: Sequence[int] = (),
        start_timeout_s: float = 20.0,
        grace_s: float = 5.0,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.log_file = log_file
        self.restarts = 0
        self._healthy = healthy
        self._cwd = cwd
        self._env = env
        self._keep_fds = tuple(keep_fds)
        self._start_timeout_s = start_timeout_s
        self._grace_s = grace_s
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id, None while it is not running."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is healthy, with three attempts when it ends by itself.

        Raises:
            StartError: it ended each time or was not healthy in time.
        """
        delay = FIRST_DELAY_S
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                await self._launch()
                break
            except _EndedError:
                if attempt == START_ATTEMPTS:
                    raise
                await asyncio.sleep(delay)
                delay *= 2
        self._keeper = asyncio.create_task(self._keep_alive(), name=f"keep {self.name} alive")

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL after the grace period. Harmless when it does not run."""
        await cancel(self._keeper)
        self._keeper = None
        await self._end()

    def kill(self) -> None:
        """SIGKILL, for tests of what happens next."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def tail(self, lines: int = 1) -> str:
        """The last lines of output since the latest start, joined into one line of at most 600 characters."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(self._log_start, self.log_file.stat().st_size - 4_000))
                written = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return " | ".join([line.strip() for line in written if line.strip()][-lines:])[-600:]

    async def _keep_alive(self) -> None:
        clock = asyncio.get_running_loop().time
        delay = FIRST_DELAY_S
        while self._process is not None:
            healthy_since = clock()
            status = await self._process.wait()
            if clock() - healthy_since >= STEADY_AFTER_S:
                delay = FIRST_DELAY_S
            log.warning("%s ended (%s): starting it again in %.1f s", self.name, _meaning(status), delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY_S)
            self.restarts += 1
            try:
                await self._launch()
            except StartError as error:
                log.error("%s", error)
            else:
                log.info("%s is running again (pid %s)", self.name, self.pid)

    async def _launch(self) -> None:
        """One start. On any failure nothing is left running."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > MAX_LOG_BYTES:
            self.log_file.replace(self.log_file.with_name(self.log_file.name + ".1"))
        output = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._log_start = os.fstat(output).st_size
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._cwd,
                env=self._env,
                pass_fds=self._keep_fds,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        except OSError as error:
            raise StartError(f"{self.name} cannot be started: {error}") from error
        finally:
            os.close(output)
        try:
            async with asyncio.timeout(self._start_timeout_s):
                await self._wait_healthy(self._process)
        except TimeoutError:
            await self._end()
            raise StartError(self._failure(f"not ready within {self._start_timeout_s:g} s")) from None
        except BaseException:
            await self._end()
            raise

    async def _wait_healthy(self, process: asyncio.subprocess.Process) -> None:
        while True:
            # Asked before health is: another program on our port would answer the question in its place.
            if process.returncode is not None:
                raise _EndedError(self._failure(_meaning(process.returncode)))
            with suppress(Exception):  # of whatever kind: it does not answer yet
                if await self._healthy() and process.returncode is None:
                    return
            await asyncio.sleep(0.05)

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        for with_signal in (signal.SIGTERM, signal.SIGKILL):
            if process.returncode is not None:
                return
            with suppress(ProcessLookupError):
                process.send_signal(with_signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._grace_s):
                    await process.wait()

    def _failure(self, reason: str) -> str:
        return f"{self.name} did not start ({reason}): {self.tail() or 'no output'} (more in {self.log_file})"


class _EndedError(StartError):
    """It ended by itself before it was healthy: worth another attempt."""


def _meaning(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
