"""Quality of detection on held-out texts: `make eval`, which renews the tables of docs/ and the plot.

The texts are the `test` split of the project's corpus and of the sources that training draws from, by idea: none was
trained or calibrated on. Other detectors (bench/_peers.py) are measured in the same run.
Words: FILES.jsonl to measure instead, `--write docs` to put the tables between the marks of its pages, `--loso` for the
table of sources that were left out of training, which takes some minutes more.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.arbiter.decide import FLOORS
from app.commands.report import SCORES, Row, by_group, by_score, recall, report
from app.schemas.detection import BranchName
from bench._buried import buried
from bench._judging import Judges, held_out, lines
from bench._peers import PEERS
from bench._public import public
from bench.detection_cost import PROSE, median_cost

OPEN, CLOSE = "<!-- measured -->", "<!-- /measured -->"
# Texts of one foreign source and label at most, to test on and for the table of floors.
MOST, MOST_CALIBRATED = 80, 40
OURS = {**SCORES, "fast": "threat score, fast mode", "quick": "B in fast mode"}
COLUMNS = {**OURS, **{name: peer.title for name, peer in PEERS.items()}}

PAGES = {
    "heuristics.md": ("branch_a_score", "injection_guard", "prompt_shield"),
    "semantic.md": ("branch_b_score", "quick"),
    "classifier.md": ("branch_c_score", "stackone", "cloneguard"),
}


def main(words: list[str]) -> None:
    """Measure and print; with `--write`, renew the pages."""
    parser = argparse.ArgumentParser(prog="bench evaluate", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--loso", action="store_true")
    options = parser.parse_args(words)
    peers = {name: peer() for name, peer in PEERS.items()}
    judges = Judges(peers)
    rows = [judges.judge(row) for row in (lines(options.files) if options.files else held_out("test", MOST))]
    parts = ["\n\n".join(_tables(rows)), "\n".join(_alarms(rows, {n: p.alarm for n, p in peers.items()}))]
    if not options.files:
        parts.insert(1, "\n\n".join(_public([judges.judge(row) for row in public()])))
        calibrated = Judges({})
        parts.append("\n".join(buried(rows, calibrated)))
        parts.append(
            "\n".join(_floors([calibrated.judge(r) for r in held_out("calibration", MOST_CALIBRATED)]))
        )
    if options.loso:
        from bench._left_out import left_out

        parts.append("\n".join(left_out()))
    text = "\n\n".join(parts)
    print(text)
    if options.write:
        _renew(options.write / "detection.md", text)
        for page, columns in PAGES.items():
            _renew(
                options.write / page,
                "\n\n".join(_branch(rows, {name: COLUMNS[name] for name in columns}, judges)),
            )
        _plot(rows, options.write / "detection.svg")


def _renew(page: Path, text: str) -> None:
    marked = re.compile(f"{OPEN}.*{CLOSE}", re.DOTALL)
    content = page.read_text(encoding="utf-8")
    page.write_text(marked.sub(lambda _: f"{OPEN}\n{text}\n{CLOSE}", content), encoding="utf-8")


def _branch(rows: list[Row], columns: dict[str, str], judges: Judges) -> Iterator[str]:
    """The tables of a branch's page."""
    own = [row for row in rows if row["source"] == "corpus"]
    for title, some in (
        ("The corpus in Polish", [row for row in own if row["language"] == "pl"]),
        ("The corpus in English", [row for row in own if row["language"] == "en"]),
        ("Other sources", [row for row in rows if row["source"] != "corpus"]),
    ):
        yield f"{title}, test split:"
        yield "\n".join(by_score(some, columns))
    measured = {
        "branch_a_score": judges.engines[BranchName.HEURISTICS],
        "branch_b_score": judges.engines[BranchName.SEMANTIC],
        "branch_c_score": judges.engines[BranchName.CLASSIFIER],
        "quick": judges.quick,
    }
    costs = [
        f"{name} {1000 * median_cost(measured[field].analyze, PROSE[:200], 60):.1f} ms"
        for field, name in columns.items()
        if field in measured
    ]
    yield f"Processor time for 200 characters on the machine that measured: {', '.join(costs)}."


def _tables(rows: list[Row]) -> Iterator[str]:
    own = [row for row in rows if row["source"] == "corpus"]
    foreign = [row for row in rows if row["source"] != "corpus"]
    for some, title in (
        (own, "The project's corpus, its test split"),
        (foreign, "Other sources, their test split"),
    ):
        if not some:
            continue
        yield report(some, title).rstrip()
        yield "Every score by itself, in both modes:"
        yield "\n".join(by_score(some, COLUMNS))
        fast = [{**row, "decision": row["fast_decision"]} for row in some]
        yield "Fast mode at the shipped thresholds:"
        yield "\n".join(
            by_group(fast, "", lambda row: "attack" if row["label"] == "attack" else _hardness(row))
        )
        if some is own:
            for language in ("pl", "en"):
                yield f"In {'Polish' if language == 'pl' else 'English'}:"
                yield "\n".join(by_score([row for row in own if row["language"] == language], COLUMNS))
    if foreign:
        yield "\n".join(by_group(foreign, "source", lambda row: str(row["source"])))


def _public(rows: list[Row]) -> Iterator[str]:
    yield "## Public sets that packages carry"
    attacks = sum(row["label"] == "attack" for row in rows)
    yield (
        f"{len(rows)} texts, {attacks} of them attacks, that nothing here has learnt from or was calibrated on "
        "(`bench/_public.py`)."
    )
    yield "\n".join(by_score(rows, COLUMNS))
    yield "\n".join(by_group(rows, "source", lambda row: str(row["source"])))


def _alarms(rows: list[Row], alarms: dict[str, float]) -> Iterator[str]:
    """What each detector calls an attack by its own default: ours at SANITIZE."""
    yield "## At their own default"
    yield ""
    yield "| detector | corpus: attacks found % | benign flagged % | others: attacks found % | benign flagged % |"
    yield "|---|---|---|---|---|"
    for field, alarm in {"threat_score": 30.0, "fast": 30.0, **alarms}.items():
        cells = []
        for own in (True, False):
            for label in ("attack", "benign"):
                some = [
                    r[field] >= alarm
                    for r in rows
                    if (r["source"] == "corpus") is own and r["label"] == label
                ]
                cells.append(f"{100 * np.mean(some):.1f}" if some else "-")
        yield f"| {COLUMNS[field]} | {' | '.join(cells)} |"


def _floors(rows: list[Row]) -> Iterator[str]:
    """How often each of the arbiter's floors applies to the calibration texts, whatever else is said of them."""
    yield "## The arbiter's floors, on the calibration texts"
    yield ""
    yield "| floor | raises to | of attacks % | of ordinary benign texts % | of hard negatives % |"
    yield "|---|---|---|---|---|"
    groups = {
        name: [row for row in rows if (row["label"] == "attack", bool(row.get("hard"))) == wanted]
        for name, wanted in (("attack", (True, False)), ("ordinary", (False, False)), ("hard", (False, True)))
    }
    for floor in FLOORS:
        cells = [
            f"{100 * np.mean([floor.applies(row['results']) for row in some]):.1f}"
            for some in groups.values()
        ]
        yield f"| {floor.name}: {floor.reason} | {floor.minimum:g} | {' | '.join(cells)} |"


def _hardness(row: Row) -> str:
    return "hard negative" if row.get("hard") else "ordinary"


def _plot(rows: list[Row], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "vigil"
    own = [row for row in rows if row["source"] == "corpus"]
    attack = np.array([row["label"] == "attack" for row in own])
    rates = np.linspace(0.005, 0.2, 60)
    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for field, name in COLUMNS.items():
        values = np.array([row[field] for row in own])
        axes.plot(100 * rates, [100 * recall(values, attack, rate) for rate in rates], label=name)
    axes.set(
        xlabel="benign texts flagged, %", ylabel="attacks found, %", title="The project's corpus, test split"
    )
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
