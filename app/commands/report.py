"""Figures of detection on labelled texts, as Markdown. Pure.

A row is what `vigil scan` writes for a labelled text: its scores and decision beside its own fields `label`
(`attack` or `benign`) and, where it has them, `language` (or `lang`), `kind`, `carrier`, `source` and `hard`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]
Scores = NDArray[np.float64]
Bools = NDArray[np.bool_]

RATES = (0.001, 0.01, 0.02, 0.05)
SCORES = {
    "threat_score": "threat score",
    "weighted_score": "weighted score",
    "branch_a_score": "A heuristics",
    "branch_b_score": "B semantic",
    "branch_c_score": "C classifier",
}
_LENGTHS = (100, 300, 1000, 3000)
_LABELS = {"attack", "benign"}


def labelled(rows: Sequence[Row]) -> list[Row]:
    """Those with a label that counts."""
    return [row for row in rows if row.get("label") in _LABELS]


def recall(scores: Scores, attack: Bools, rate: float) -> float:
    """Share of attacks above the lowest threshold that at most `rate` of the benign texts exceed."""
    benign = np.sort(scores[~attack])[::-1]
    return float((scores[attack] > benign[int(rate * len(benign))]).mean())


def auroc(scores: Scores, attack: Bools) -> float:
    """The chance that an attack scores higher than a benign text; a tie counts half."""
    benign = np.sort(scores[~attack])
    low = np.searchsorted(benign, scores[attack], side="left")
    high = np.searchsorted(benign, scores[attack], side="right")
    return float(((low + high) / 2 / len(benign)).mean())


def report(rows: Sequence[Row], title: str) -> str:
    """All tables for `rows`, each of which has a label."""
    attack = _attack(rows)
    parts = [f"## {title}", f"{len(rows)} texts, {int(attack.sum())} of them attacks."]
    if attack.any() and not attack.all():
        parts.append("\n".join(by_score(rows)))
    for name, group in _GROUPS.items():
        parts.append("\n".join(by_group(rows, name, group)))
    return "\n\n".join(parts) + "\n"


def by_score(rows: Sequence[Row], scores: dict[str, str] | None = None) -> Iterator[str]:
    """Lines of a table: each score by itself, whatever the thresholds."""
    attack = _attack(rows)
    rates = " | ".join(f"at {100 * rate:g} % FPR" for rate in RATES)
    yield f"| score | AUROC | recall {rates} |"
    yield "|---|---|" + "---|" * len(RATES)
    for field, name in (scores or SCORES).items():
        if any(row.get(field) is None for row in rows):
            continue
        values = np.array([row[field] for row in rows], dtype=np.float64)
        cells = " | ".join(f"{100 * recall(values, attack, rate):.1f}" for rate in RATES)
        yield f"| {name} | {auroc(values, attack):.3f} | {cells} |"


def by_group(rows: Sequence[Row], name: str, group: Callable[[Row], str]) -> Iterator[str]:
    """Lines of a table: what the shipped thresholds make of each group."""
    yield f"| {name} | attacks | not ALLOW % | BLOCK % | benign | not ALLOW % | BLOCK % |"
    yield "|---|---|---|---|---|---|---|"
    attack = _attack(rows)
    stopped = np.array([row["decision"] != "ALLOW" for row in rows])
    blocked = np.array([row["decision"] == "BLOCK" for row in rows])
    labels = np.array([group(row) for row in rows])
    for label in dict.fromkeys(sorted(labels.tolist())):
        cells = [label or "-"]
        for chosen in ((labels == label) & attack, (labels == label) & ~attack):
            cells += [str(int(chosen.sum())), _share(stopped, chosen), _share(blocked, chosen)]
        yield f"| {' | '.join(cells)} |"


def _length(row: Row) -> str:
    size = len(row["text"])
    return next((f"up to {limit:>4}" for limit in _LENGTHS if size <= limit), f"above {_LENGTHS[-1]}")


def _hard(row: Row) -> str:
    return "attack" if row["label"] == "attack" else "hard negative" if row.get("hard") else "ordinary"


_GROUPS: dict[str, Callable[[Row], str]] = {
    "": lambda _: "all",
    "language": lambda row: str(row.get("language") or row.get("lang") or ""),
    "length, characters": _length,
    "kind": lambda row: str(row.get("kind") or ""),
    "carrier": lambda row: str(row.get("carrier") or ""),
    "difficulty": _hard,
}


def _attack(rows: Sequence[Row]) -> Bools:
    return np.array([row["label"] == "attack" for row in rows])


def _share(flags: Bools, chosen: Bools) -> str:
    return f"{100 * flags[chosen].mean():.1f}" if chosen.any() else "-"
