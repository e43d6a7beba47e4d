"""The report of differences on a terminal."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

MOST_SHOWN = 50


def show(found: dict[str, Any]) -> None:
    """Print it: no text unless the report holds any."""
    console = Console(highlight=False)
    for reason, count in found["failed"].items():
        console.print(f"not compared, {count}: {escape(reason)}")
    if not found["compared"]:
        console.print("nothing was compared")
        return
    console.print(
        f"{found['compared']} texts, {found['agreement']:.1%} judged alike; "
        f"Vigil is stricter {found['stricter']} times and looser {found['looser']} times"
    )
    console.print(_matrix(found["matrix"]))
    for side, times in found["latency_ms"].items():
        if times:
            console.print(f"{side}: half within {times['p50']:g} ms, 95 % within {times['p95']:g} ms")
    for label, figures in (found["labelled"] or {}).items():
        console.print(
            f"{label}: {figures['texts']} texts; stopped by the predecessor {figures['stopped_by_predecessor']:.1%}, "
            f"by Vigil {figures['stopped_by_vigil']:.1%}"
        )
    for title, name in (("category (Vigil's)", "by_category"), ("language", "by_language")):
        if found[name]:
            console.print(_counts(title, found[name]))
    if found["differences"]:
        console.print(_differences(found["differences"]))
        if (left := len(found["differences"]) - MOST_SHOWN) > 0:
            console.print(f"{left} more: --json or --out FILE has them all")


def _matrix(matrix: dict[str, dict[str, int]]) -> Table:
    table = Table("predecessor", *(f"Vigil {name}" for name in matrix))
    for name, row in matrix.items():
        table.add_row(name, *map(str, row.values()))
    return table


def _counts(title: str, counts: dict[str, dict[str, int]]) -> Table:
    table = Table(title, "differences")
    for name, changes in counts.items():
        table.add_row(name, ", ".join(f"{change}: {count}" for change, count in changes.items()))
    return table


def _differences(differences: list[dict[str, Any]]) -> Table:
    table = Table("id", "predecessor", "Vigil", "categories", "request")
    shows_text = "text" in differences[0]
    if shows_text:
        table.add_column("text")
    for one in differences[:MOST_SHOWN]:
        cells = [
            one["id"], *(_judged(one[side]) for side in ("predecessor", "vigil")), ", ".join(one["vigil"]["reasons"]),
            one["request_id"] or "",
        ]  # fmt: skip
        table.add_row(*map(escape, cells), *([escape(one["text"])] if shows_text else []))
    return table


def _judged(judged: dict[str, Any]) -> str:
    return judged["decision"] if judged["score"] is None else f"{judged['decision']} {judged['score']:g}"
