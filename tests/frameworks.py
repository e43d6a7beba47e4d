"""Runs the scenarios of a framework in the framework's own environment, all of a release in one process."""

import ast
import json
import os
import subprocess
import sys
import time
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[1]


def scenarios(file: Path) -> list[str]:
    """The names of the scenarios in a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def outcomes(python: Path, file: Path, *, before: Path | None = None, **environment: str) -> dict[str, str]:
    """What went wrong in each scenario; nothing where all is well. `before` is a folder that goes first on the path."""
    path = [*([str(before)] if before else []), str(ROOT), str(ROOT / "clients" / "python")]
    done = subprocess.run(
        [python, "-m", "tests.frameworks", file],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "1", **environment},
        cwd=file.parent, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(file: Path) -> None:
    """Run every scenario of a file; print the outcomes, and the addresses outside this machine that were looked for."""
    outside: list[str] = []

    def watch(event: str, details: tuple[object, ...]) -> None:
        if event == "socket.connect":
            details = details[1:]
        elif event != "socket.getaddrinfo":
            return
        host = details[0][0] if isinstance(details[0], tuple) else details[0]
        if str(host) not in ("127.0.0.1", "::1", "localhost", "None"):
            outside.append(f"{event} {details}")

    sys.addaudithook(watch)
    spec = spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    found = {}
    for name in scenarios(file):
        module.setup()
        started = time.monotonic()
        try:
            getattr(module, name)()
            found[name] = ""
        except BaseException:
            found[name] = traceback.format_exc()
        print(f"{time.monotonic() - started:6.2f} s {name}", file=sys.stderr)  # noqa: T201
    found["outside"] = "\n".join(outside)
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
