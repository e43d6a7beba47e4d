"""Quality of detection on held-out texts: `make eval`, which renews the tables of docs/ and the plot.

The texts are the `test` split of the project's corpus and of the sources that training draws from, by idea: none was
trained or calibrated on. A peer, the bundled classifier as its package uses it, is measured in the same run.
Words: FILES.jsonl to measure instead, `--write docs` to put the tables between the marks of its pages, `--loso` for the
table of sources that were left out of training, which takes ten minutes more.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.arbiter.decide import FLOORS, Thresholds, decide
from app.commands.report import SCORES, Row, auroc, by_group, by_score, recall, report
from app.detection.engines import load
from app.detection.fusion import fuse
from app.detection.minilm import MiniLm
from app.detection.semantic import Semantic
from app.schemas.detection import BranchName
from app.schemas.guard import Mode
from bench.detection_cost import PROSE, median_cost

OPEN, CLOSE = "<!-- measured -->", "<!-- /measured -->"
# Texts of one foreign source and label at most: the largest source would otherwise be the measurement.
MOST = 150
COLUMNS = {
    **SCORES,
    "fast": "threat score, fast mode",
    "quick": "B in fast mode",
    "stackone": "peer: stackone-defender's model as it comes",
}


PAGES = {
    "heuristics.md": {"branch_a_score": COLUMNS["branch_a_score"]},
    "semantic.md": {name: COLUMNS[name] for name in ("branch_b_score", "quick")},
    "classifier.md": {name: COLUMNS[name] for name in ("branch_c_score", "stackone")},
}


def main(words: list[str]) -> None:
    """Measure and print; with `--write`, renew a page."""
    parser = argparse.ArgumentParser(prog="bench evaluate", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--loso", action="store_true")
    options = parser.parse_args(words)
    rows = judged(_read(options.files) if options.files else _held_out("test"))
    text = "\n\n".join(_tables(rows))
    if not options.files:
        text += "\n\n" + "\n".join(_floors(judged(_held_out("calibration"))))
    if options.loso:
        text += "\n\n" + "\n".join(_left_out())
    print(text)
    if options.write:
        _renew(options.write / "detection.md", text)
        for page, columns in PAGES.items():
            _renew(options.write / page, "\n\n".join(_branch(rows, columns)))
        _plot(rows, options.write / "detection.svg")


def _renew(page: Path, text: str) -> None:
    marked = re.compile(f"{OPEN}.*{CLOSE}", re.DOTALL)
    content = page.read_text(encoding="utf-8")
    page.write_text(marked.sub(lambda _: f"{OPEN}\n{text}\n{CLOSE}", content), encoding="utf-8")


def _branch(rows: list[Row], columns: dict[str, str]) -> Iterator[str]:
    """The tables of a branch's page."""
    own = [row for row in rows if row["source"] == "corpus"]
    for title, some in (
        ("The corpus in Polish", [row for row in own if row["language"] == "pl"]),
        ("The corpus in English", [row for row in own if row["language"] == "en"]),
        ("Other sources", [row for row in rows if row["source"] != "corpus"]),
    ):
        yield f"{title}, test split:"
        yield "\n".join(by_score(some, columns))
    engines = load()
    semantic = engines[BranchName.SEMANTIC]
    assert isinstance(semantic, Semantic)
    measured = {
        "branch_a_score": engines[BranchName.HEURISTICS],
        "branch_b_score": semantic,
        "branch_c_score": engines[BranchName.CLASSIFIER],
        "quick": semantic.fast,
    }
    costs = [
        f"{name} {1000 * median_cost(measured[field].analyze, PROSE[:200], 60):.1f} ms"
        for field, name in columns.items()
        if field in measured
    ]
    yield f"Processor time for 200 characters on the machine that measured: {', '.join(costs)}."


def judged(rows: list[Row]) -> list[Row]:
    """`rows` with scores and decisions of the shipped engines in both modes, and the peer's."""
    engines = load()
    semantic = engines[BranchName.SEMANTIC]
    assert isinstance(semantic, Semantic)
    peer = MiniLm()
    for row in rows:
        text = row["text"]
        a, b, c = (engines[name].analyze(text) for name in BranchName)
        quick = semantic.fast.analyze(text)
        full, fast = fuse([a, b, c], Mode.FULL), fuse([a, quick], Mode.FAST)
        ruling, quickly = decide(full, Thresholds()), decide(fast, Thresholds())
        row |= {
            "threat_score": ruling.threat_score, "decision": ruling.decision.value,
            "weighted_score": full.weighted_score, "branch_a_score": a.score, "branch_b_score": b.score,
            "branch_c_score": c.score, "quick": quick.score, "fast": quickly.threat_score,
            "results": [a, b, c], "fast_decision": quickly.decision.value, "stackone": float(peer.embed([text])[0, 0]),
        }  # fmt: skip
    return rows


def _held_out(split: str) -> list[Row]:
    from app.detection.training import sources

    taken: dict[tuple[str, bool], int] = {}
    rows: list[Row] = []
    for one in sources.load():
        key = (one.source, one.attack)
        if one.split == split and (one.source == "corpus" or taken.get(key, 0) < MOST):
            taken[key] = taken.get(key, 0) + 1
            rows.append(
                {
                    "text": one.text, "label": "attack" if one.attack else "benign", "source": one.source,
                    "language": one.language, "kind": one.kind, "carrier": one.carrier, "hard": one.hard,
                }
            )  # fmt: skip
    return rows


def _read(files: list[Path]) -> list[Row]:
    rows: list[Row] = []
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            if row.get("label") in {"attack", "benign"}:
                rows.append({"source": path.stem, **row})
    return rows


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


def _left_out() -> Iterator[str]:
    """What is left when a source was never seen: for the two parts that are trained in minutes.

    Tuning the encoder anew for every source would take hours, so it is not in this table.
    """
    from app.detection.training import fit, sources, tables
    from app.detection.training.train import CACHE

    examples = sources.load()
    table = tables.build(examples, fit.SEED)
    read = tables.readable(table, fit.SEED)
    rows = tables.embedded(table, read, CACHE / "minilm.npz", lambda missing: MiniLm().embed(missing))
    source = np.array([one.source for one in examples])
    attack = np.array([one.attack for one in examples])
    # Long foreign texts that were left to the sample are judged by the n-grams alone, so they do not count here.
    unseen = np.bincount(table.owner[read & ~table.variant], minlength=len(examples)) > 0
    held = np.array([one.split == "test" for one in examples]) & ~attack
    yield "## Sources left out of training"
    yield "n-grams and the classifier's head, without the tuned encoder; the benign texts are those of the test split."
    yield ""
    yield "| left out | attacks | AUROC | recall at 1 % FPR | at 5 % FPR |"
    yield "|---|---|---|---|---|"
    for name in sorted({one.source for one in examples if one.attack}):
        without = tables.without(table, source != name)
        _, wording = fit.ngrams(without, strength=30.0)
        _, trained = fit.head(
            rows, without, without.chosen(wording) & read, units=64, members=1, decay=1e-3, epochs=8
        )
        highest = table.highest(wording) + table.highest(trained)
        chosen = held | ((source == name) & attack & unseen)
        scores, labels = highest[chosen], attack[chosen]
        cells = " | ".join(f"{100 * recall(scores, labels, rate):.1f}" for rate in (0.01, 0.05))
        yield f"| {name} | {int(labels.sum())} | {auroc(scores, labels):.3f} | {cells} |"


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
