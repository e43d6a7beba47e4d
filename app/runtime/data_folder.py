"""The data folder: one Vigil at a time keeps its servers' files there."""

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import StartError

# Servers of a Vigil that was killed hold its lock until they have ended: 0.1 s measured, more on a busy
# machine.
_ORPHANS_END_WITHIN_S = 5.0


class DataFolder:
    """The data folder, created with mode 0700 and locked until `release()`.

    The lock belongs to an open file. Hand `lock_fd` to every server that writes into the folder: the lock
    then outlives a killed parent for as long as one of its servers still runs, and no second server opens the
    same files.

    Raises:
        StartError: another Vigil uses the folder, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(
                f"the data folder {path} cannot be written ({error.strerror}): "
                "give this user write access or set VIGIL_DATA_DIR"
            ) from error
        try:
            self._acquire()
            os.truncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def lock_fd(self) -> int:
        """The open file that carries the lock, to be inherited by the servers of this Vigil."""
        return self._lock

    def folder(self, name: str) -> Path:
        """A folder inside, created when missing."""
        path = self.path / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def release(self) -> None:
        """Let another Vigil use the folder."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _acquire(self) -> None:
        deadline = time.monotonic() + _ORPHANS_END_WITHIN_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise StartError(
                        f"the data folder {self.path} cannot be locked: {error.strerror}"
                    ) from error
            else:
                return
            pid = self._holder()
            if pid is not None and _is_alive(pid):
                raise StartError(
                    f"the data folder {self.path} is in use by another Vigil (pid {pid}): "
                    "stop it or set VIGIL_DATA_DIR"
                )
            if time.monotonic() > deadline:
                raise StartError(
                    f"the data folder {self.path} is in use by servers of a Vigil that was killed "
                    f"(pid {pid}): end them or set VIGIL_DATA_DIR"
                )
            time.sleep(0.05)

    def _holder(self) -> int | None:
        text = os.pread(self._lock, 32, 0).strip()
        return int(text) if text.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
