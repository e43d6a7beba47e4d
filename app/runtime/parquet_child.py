"""The program behind `vigil events export --format parquet`: JSON lines on standard input become a Parquet file.

Run as a file with the columns and their types, the file to write and an empty folder as arguments. As
`clickhouse_child.py`, beside which it lies, it holds the engine of chdb-core and nothing of Vigil.
"""

import runpy
import sys
from pathlib import Path


def main() -> int:
    """Write it. Returns 1 when the engine refused; it has printed why."""
    structure, out, scratch = sys.argv[1:]
    engine = runpy.run_path(str(Path(__file__).with_name("clickhouse_child.py")))["engine"]()
    rows = f"SELECT * FROM file('-', JSONEachRow, {_quoted(structure)})"  # noqa: S608 - names and types of ours
    target = f"INTO OUTFILE {_quoted(out)} TRUNCATE FORMAT Parquet"
    settings = "SETTINGS date_time_input_format = 'best_effort'"
    try:
        engine.query(f"{rows} {target} {settings}", "Parquet", path=scratch)
    except RuntimeError as error:
        print(error)  # noqa: T201 - the parent reads it
        return 1
    return 0


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


if __name__ == "__main__":
    sys.exit(main())
