"""What is left when a source was never seen: for the parts that are trained in seconds on frozen embeddings.

Tuning the encoder anew for every source would take hours, so it is not in this table.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.commands.report import auroc, recall
from app.detection.minilm import MiniLm
from app.detection.training import fit, sources, tables
from app.detection.training.train import MINILM, STRENGTH


def left_out() -> Iterator[str]:
    """A table: n-grams and the classifier's head, trained on all sources but one, on the attacks of that one."""
    examples = sources.load()
    table = tables.build(examples, fit.SEED)
    read = tables.readable(table, fit.SEED)
    rows = tables.embedded(table, read, MINILM, lambda missing: MiniLm().embed(missing))
    table = replace(table, train=table.train & read)
    counts = fit.counted(table.texts)
    source = np.array([one.source for one in examples])
    attack = np.array([one.attack for one in examples])
    # Long foreign texts that were left to the sample have no embedding, so they do not count here.
    unseen = np.bincount(table.owner[read & ~table.variant], minlength=len(examples)) > 0
    held = np.array([one.split == "test" for one in examples]) & ~attack
    yield "## Sources left out of training"
    yield ""
    yield "N-grams and the classifier's head, without the tuned encoder; the benign texts are those of the test split."
    yield ""
    yield "| left out | attacks | AUROC | recall at 1 % FPR | at 5 % FPR |"
    yield "|---|---|---|---|---|"
    for name in sorted({one.source for one in examples if one.attack}):
        without = tables.without(table, source != name)
        _, wording = fit.ngrams(without, counts, STRENGTH)
        lesson = without.taught(wording)
        _, trained = fit.head(rows, lesson, lesson.chosen, units=64, members=1, decay=1e-3, epochs=5)
        highest = table.highest(wording) + table.highest(trained)
        chosen = held | ((source == name) & attack & unseen)
        scores, labels = highest[chosen], attack[chosen]
        cells = " | ".join(f"{100 * recall(scores, labels, rate):.1f}" for rate in (0.01, 0.05))
        yield f"| {name} | {int(labels.sum())} | {auroc(scores, labels):.3f} | {cells} |"
