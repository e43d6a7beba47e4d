"""Parquet, written by ClickHouse's own engine: no other package of the project can."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.commands.events.display import to_json
from app.errors import StartError
from app.events.queries import RESULT

_LISTS = {"floors", "degraded", "categories", "pii_types"}
_TIMES = {"accepted_at", "ingested_at"}
_WHOLE = {"pii_count", "policy_version", "text_chars"}


def write_parquet(rows: Iterable[dict[str, Any]], out: Path) -> int:
    """Write `rows` to `out`, row by row through a child process; how many there were.

    Raises:
        OSError: `out` cannot be written.
        StartError: the engine could not write it; it says why.
    """
    out.touch()  # the engine would make missing folders, which no other format does
    program = Path(__file__).parents[2] / "runtime" / "parquet_child.py"
    with TemporaryDirectory(prefix="vigil-export-") as scratch:
        command = [sys.executable, "-P", str(program), structure(), str(out.absolute()), scratch]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        count = 0
        try:
            with child.stdin:
                for row in rows:
                    child.stdin.write(to_json(row).encode("utf-8", "replace") + b"\n")
                    count += 1
        except BrokenPipeError:
            pass  # it has ended, and says why below
        said = child.stdout.read().decode(errors="replace").strip()
        child.stdout.close()
        if child.wait():
            raise StartError(f"{out}: {said.splitlines()[0][:400] if said else 'the engine gave up'}")
    return count


def structure() -> str:
    """The columns of an exported event and their types, as ClickHouse writes them."""
    return ", ".join(f"{name} {_type(name)}" for name in RESULT)


def _type(name: str) -> str:
    if name in _LISTS:
        return "Array(String)"
    if name in _TIMES:
        return "DateTime64(3, 'UTC')"
    if name in _WHOLE:
        return "UInt32"
    return "Nullable(Float32)" if name.endswith(("_score", "_ms")) else "Nullable(String)"
