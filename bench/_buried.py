"""Orders in the middle of documents of 3,000 characters, made of texts that were held out."""

import random
from collections.abc import Iterator, Sequence

import numpy as np

from app.commands.report import Row
from app.text import sentence_spans
from bench._judging import Judges

SIZE = 3000
LONGEST = 260
# Benign texts of this length or more are what the documents are made of.
PROSE = 600


def buried(rows: Sequence[Row], judges: Judges, most: int = 80) -> Iterator[str]:
    """A table: short attacks by themselves, in the middle of a document, and the documents without them."""
    chance = random.Random(7)
    attacks = [
        row
        for row in rows
        if row["label"] == "attack" and row["source"] == "corpus" and len(row["text"]) <= LONGEST
    ]
    attacks = chance.sample(attacks, min(most, len(attacks)))
    documents = {language: list(_documents(rows, language)) for language in ("pl", "en")}
    inside, without = [], []
    for row in attacks:
        document = chance.choice(documents[row["language"]])
        without.append(judges.judge({**row, "label": "benign", "text": document}))
        inside.append(judges.judge({**row, "text": _in_the_middle(row["text"], document)}))
    benign = [row for row in rows if row["label"] == "benign" and row["source"] == "corpus"]
    yield "## Orders in the middle of a document"
    yield ""
    yield (
        f"{len(attacks)} attacks of up to {LONGEST} characters, each in the middle of a benign document of {SIZE}; "
        "and at the score that 2 % of the corpus' benign texts exceed."
    )
    yield ""
    yield "| | not ALLOW % | at 2 % FPR | fast mode, not ALLOW % | at 2 % FPR |"
    yield "|---|---|---|---|---|"
    for name, some in (
        ("by themselves", attacks),
        ("in the middle of a document", inside),
        ("the documents without them", without),
    ):
        cells = []
        for field, decision in (("threat_score", "decision"), ("fast", "fast_decision")):
            scores = np.array([row[field] for row in some])
            limit = np.quantile([row[field] for row in benign], 0.98)
            stopped = np.mean([row[decision] != "ALLOW" for row in some])
            cells += [f"{100 * stopped:.1f}", f"{100 * (scores > limit).mean():.1f}"]
        yield f"| {name} | {' | '.join(cells)} |"


def _documents(rows: Sequence[Row], language: str) -> Iterator[str]:
    """Benign texts put together until they are long enough, cut at SIZE."""
    held = ""
    for row in rows:
        if row["label"] == "benign" and row["language"] == language and len(row["text"]) >= PROSE:
            held += row["text"] + "\n\n"
            if len(held) >= SIZE:
                yield held[:SIZE]
                held = ""


def _in_the_middle(order: str, document: str) -> str:
    start = min(
        (span.start for span in sentence_spans(document)), key=lambda at: abs(at - len(document) // 2)
    )
    return f"{document[:start]}{order} {document[start:]}"
