"""Every route keeps what the OpenAPI document promises, whatever it is sent."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Vigil

# More cases with other seeds: docs/api.md.
COMMAND = (
    "--checks",
    "all",
    "--phases",
    "examples,coverage,fuzzing",
    "--max-examples",
    "20",
    "--seed",
    "1",
    "--request-timeout",
    "20",
    "--no-color",
)


@pytest.mark.timeout(300)
def test_no_case_makes_the_service_break_its_description(vigil: Vigil, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{vigil.url}/openapi.json",
         "-H", f"Authorization: Bearer {vigil.key}", *COMMAND],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
