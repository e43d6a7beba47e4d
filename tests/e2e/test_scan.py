"""`vigil scan` on labelled texts: every line judged, the figures of the report, and what SANITIZE passes on."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.detection.training.sources import corpus
from tests.running import COMMAND

PER_LABEL = 30


def scanned(lines: list[dict[str, Any]], folder: Path, *options: str) -> list[dict[str, Any]]:
    file, out = folder / "texts.jsonl", folder / "judged.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "scan", str(file), "--out", str(out), *options],
        capture_output=True, text=True, timeout=110, cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def held_out(attack: bool) -> list[dict[str, Any]]:
    """Texts of the test split, in an order of their own: the same ones whatever else is in the corpus' files."""
    chosen = sorted(
        (one for one in corpus() if one.split == "test" and one.attack is attack), key=lambda one: one.idea
    )
    return [
        {"text": one.text, "label": "attack" if attack else "benign", "language": one.language}
        for one in chosen[:PER_LABEL]
    ]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """The rows and the report."""
    folder = tmp_path_factory.mktemp("scan")
    lines = [*held_out(True), *held_out(False), {"text": "Hello."}]
    rows = scanned(lines, folder, "--report", str(folder / "report.md"))
    return rows, (folder / "report.md").read_text(encoding="utf-8")


def test_the_report_has_the_figures_of_the_lines(judged) -> None:
    rows, said = judged
    assert len(rows) == 2 * PER_LABEL + 1
    stopped = {
        label: sum(row["decision"] != "ALLOW" for row in rows if row.get("label") == label)
        for label in ("attack", "benign")
    }
    blocked = {
        label: sum(row["decision"] == "BLOCK" for row in rows if row.get("label") == label)
        for label in ("attack", "benign")
    }
    cells = [
        cell
        for label in ("attack", "benign")
        for cell in (
            str(PER_LABEL),
            f"{100 * stopped[label] / PER_LABEL:.1f}",
            f"{100 * blocked[label] / PER_LABEL:.1f}",
        )
    ]
    assert f"| all | {' | '.join(cells)} |" in said
    assert f"{2 * PER_LABEL} texts, {PER_LABEL} of them attacks." in said
    assert "| language |" in said
    assert stopped["attack"] > PER_LABEL / 2
    assert stopped["benign"] < PER_LABEL / 4


def test_what_is_passed_on_is_allowed_when_it_comes_again(judged, tmp_path) -> None:
    rows, _ = judged
    passed_on = [row["sanitized_text"] for row in rows if row["decision"] == "SANITIZE"]
    assert passed_on
    again = scanned([{"text": text} for text in passed_on], tmp_path)
    assert {row["decision"] for row in again} == {"ALLOW"}
