"""The program behind the embedded ClickHouse: the engine of chdb-core, listening.

Run as a file with the data folder as its argument, in the folder that holds its `config.xml`; never imported
by Vigil, and it imports nothing of Vigil, so that the process holds the engine and nothing else.

It rests on a private name: only the one-shot `_chdb.query(..., path=)` can open listeners, the public
sessions refuse with "start_servers_callback is not set". The version of chdb-core is therefore pinned, and
tests/services fails when it changes.
"""

import ctypes
import importlib.util
import os
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

# A sleeping query keeps the process serving: the engine stops when its query ends.
_SERVE = """
SYSTEM START LISTEN TCP;
SELECT sleepEachRow(1) FROM numbers(1000000000)
SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1 FORMAT Null
"""
_RTLD_DEEPBIND = 0x8
_MADV_DONTNEED = 4
_TRIM_EVERY_S = 30.0


def main() -> int:
    """Serve until a signal ends the process. Returns 1 when the engine gave up; it has printed why."""
    if sys.platform == "linux":
        threading.Thread(target=_trim_for_ever, daemon=True).start()
    engine().query(_SERVE, "CSV", path=sys.argv[1])
    return 1


def engine() -> Any:
    """The module `chdb._chdb` without `chdb/__init__.py`, which opens a session of its own: 21 MB, 1 s."""
    spec = importlib.util.find_spec("chdb")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(
            "the package chdb-core is not installed: install it or set CLICKHOUSE_HOST to a running server"
        )
    folder = Path(spec.submodule_search_locations[0])
    package = types.ModuleType("chdb")
    package.__path__ = [str(folder)]
    sys.modules["chdb"] = package
    if sys.platform == "linux":  # as chdb does: its allocator must win over that of other libraries
        ctypes.CDLL(str(folder / "_chdb.abi3.so"), mode=os.RTLD_NOW | _RTLD_DEEPBIND)
    from chdb import _chdb  # noqa: PLC0415 - after the package has been put in place

    return _chdb


def _trim_for_ever() -> None:
    """Give code pages that start-up touched back to the page cache: 223 MB resident become 112 MB.

    The mapping is read-only code straight from the file, so dropping a page loses nothing: it is mapped again
    when it runs.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    time.sleep(1.5)
    while True:
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("r-x") and line.endswith("_chdb.abi3.so"):
                start, end = (int(number, 16) for number in span.split("-"))
                madvise(start, end - start, _MADV_DONTNEED)
        time.sleep(_TRIM_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
