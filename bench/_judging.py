"""Labelled texts and what the engines, and peers, make of them: rows as `app.commands.report` reads them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.arbiter.decide import Thresholds, decide
from app.commands.report import Row
from app.detection.engines import load
from app.detection.fusion import fuse
from app.detection.semantic import Semantic
from app.schemas.detection import BranchName
from app.schemas.guard import Mode
from bench._peers import Peer


def held_out(split: str, most: int) -> list[Row]:
    """The texts of a split; `most` of one foreign source and label, or the largest would be the measurement."""
    from app.detection.training import sources

    taken: dict[tuple[str, bool], int] = {}
    rows: list[Row] = []
    for one in sources.load():
        key = (one.source, one.attack)
        if one.split == split and (one.source == "corpus" or taken.get(key, 0) < most):
            taken[key] = taken.get(key, 0) + 1
            rows.append(
                {
                    "text": one.text, "label": "attack" if one.attack else "benign", "source": one.source,
                    "language": one.language, "kind": one.kind, "carrier": one.carrier, "hard": one.hard,
                }
            )  # fmt: skip
    return rows


def lines(files: Sequence[Path]) -> list[Row]:
    """Labelled lines of the user's own files."""
    rows: list[Row] = []
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            if row.get("label") in {"attack", "benign"}:
                rows.append({"source": path.stem, **row})
    return rows


class Judges:
    """The shipped engines in both modes, and others to compare with."""

    def __init__(self, peers: Mapping[str, Peer]) -> None:
        self.engines = load()
        semantic = self.engines[BranchName.SEMANTIC]
        assert isinstance(semantic, Semantic)
        self.quick = semantic.fast
        self._peers = peers

    def judge(self, row: Row) -> Row:
        """`row` with scores and decisions of both modes and of the peers."""
        text = row["text"]
        a, b, c = (self.engines[name].analyze(text) for name in BranchName)
        quick = self.quick.analyze(text)
        full, fast = fuse([a, b, c], Mode.FULL), fuse([a, quick], Mode.FAST)
        ruling, quickly = decide(full, Thresholds()), decide(fast, Thresholds())
        return {
            **row, "threat_score": ruling.threat_score, "decision": ruling.decision.value,
            "weighted_score": full.weighted_score, "branch_a_score": a.score, "branch_b_score": b.score,
            "branch_c_score": c.score, "quick": quick.score, "fast": quickly.threat_score,
            "results": [a, b, c], "fast_decision": quickly.decision.value,
            **{name: peer.score(text) for name, peer in self._peers.items()},
        }  # fmt: skip
