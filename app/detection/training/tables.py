"""What is learnt from: windows of every example, and variants of the training texts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.detection.normalise import read
from app.detection.training.augment import variants
from app.detection.training.sources import Example
from app.detection.windows import windows

# Windows of one foreign text that is learnt from; what is calibrated on and the corpus' own documents are read whole.
MAX_WINDOWS = 4
# The project's own texts are few and native; the capture-the-flag collections are many and noisy.
OWN = {"corpus", "ordinary"}
WEIGHTS = {"corpus": 2.0, "ordinary": 2.0, "satml-ctf-2024": 0.5, "llmail-inject": 0.5}
VARIANT_WEIGHT = 0.5
# In a document that hides an order, the windows apart from the one that holds it are as benign as any, if the models
# agree; their weight, and how many windows apart they lie.
QUIET_WEIGHT, APART = 0.5, 2
# Foreign windows to train on that the bundled classifier reads: 5 ms each.
READ_FOREIGN = 8000

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Margins = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Windows to learn from; `owner[i]` is the example that window i belongs to.

    `certain` marks windows whose label is known: all of a benign text, the only one of a short attack, a variant. Of
    a long attack nobody knows which window holds it; `hidden` ones are of a document. `variant` windows are for
    training only, `held` ones for calibration only.
    """

    texts: list[str]
    owner: NDArray[np.int64]
    attack: Bools
    own: Bools
    train: Bools
    held: Bools
    certain: Bools
    hidden: Bools
    variant: Bools
    weight: Margins
    examples: int

    def highest(self, margins: Margins) -> Margins:
        """The highest window of each example."""
        found = np.full(self.examples, margins.min())
        kept = ~self.variant
        np.maximum.at(found, self.owner[kept], margins[kept])
        return found

    @property
    def windows(self) -> NDArray[np.int64]:
        """How many windows each example has."""
        return np.bincount(self.owner[~self.variant], minlength=self.examples)

    @property
    def chosen(self) -> Bools:
        """Windows to fit on."""
        return self.train & self.certain

    @property
    def unsure(self) -> Bools:
        """Windows to train on whose label `taught` has to find."""
        return self.train & ~self.certain

    def taught(self, margins: Margins) -> "Table":
        """The table as a model sees it: the highest window of a long attack holds it, distant quiet ones do not."""
        unsure = np.flatnonzero(self.unsure)
        order = unsure[np.lexsort((-margins[unsure], self.owner[unsure]))]
        first = np.concatenate(([True], self.owner[order][1:] != self.owner[order][:-1]))[: len(order)]
        highest = np.full(self.examples, -1)
        highest[self.owner[order[first]]] = order[first]
        distance = np.abs(unsure - highest[self.owner[unsure]])
        quiet = unsure[self.hidden[unsure] & (distance >= APART) & (margins[unsure] < 0)]
        certain, attack, weight = self.certain.copy(), self.attack.copy(), self.weight.copy()
        certain[order[first]] = certain[quiet] = True
        attack[quiet] = False
        weight[quiet] *= QUIET_WEIGHT
        return replace(self, certain=certain, attack=attack, weight=weight)


def build(examples: Sequence[Example], seed: int) -> Table:
    """Windows of `examples` and of the variants of those to train on."""
    texts: list[str] = []
    owner: list[int] = []
    for number, example in enumerate(examples):
        found = [window.text for window in windows(read(example.text))]
        if example.source not in OWN and example.split != "calibration" and len(found) > MAX_WINDOWS:
            step = len(found) / MAX_WINDOWS
            found = [found[int(i * step)] for i in range(MAX_WINDOWS)]
        texts += found
        owner += [number] * len(found)
    plain = len(texts)
    for number, text in variants(examples, seed):
        texts.append(text)
        owner.append(number)
    owners = np.array(owner)
    variant = np.arange(len(texts)) >= plain
    counts = np.bincount(owners[:plain], minlength=len(examples))[owners]
    attack = np.array([one.attack for one in examples])[owners]
    weight = np.array([WEIGHTS.get(one.source, 1.0) for one in examples])[owners]
    # Neighbouring windows say much the same.
    weight /= np.maximum(counts, 1) ** 0.25
    return Table(
        texts=texts,
        owner=owners,
        attack=attack,
        own=np.array([one.source in OWN for one in examples])[owners],
        train=np.array([one.split == "train" for one in examples])[owners],
        held=np.array([one.split == "calibration" for one in examples])[owners],
        certain=variant | (counts == 1) | ~attack,
        hidden=np.array([one.hidden and one.source in OWN for one in examples])[owners],
        variant=variant,
        weight=np.where(variant, weight * VARIANT_WEIGHT, weight),
        examples=len(examples),
    )


def without(table: Table, kept: Bools) -> Table:
    """The table with only the `kept` examples to train on."""
    return replace(table, train=table.train & kept[table.owner])


def readable(table: Table, seed: int) -> Bools:
    """What the bundled classifier reads: everything that is held out or the project's own, a sample of the rest."""
    rest = np.flatnonzero(table.train & ~table.own)
    found = ~table.train | table.own
    found[np.random.default_rng(seed).permutation(rest)[:READ_FOREIGN]] = True
    return found


def embedded(table: Table, chosen: Bools, path: Path, embed: Callable[[list[str]], Floats]) -> Floats:
    """A row for each window, zeros for those not chosen; rows already in `path` are not computed again."""
    texts = [table.texts[place] for place in np.flatnonzero(chosen)]
    known: dict[str, Floats] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known.update(zip(missing, embed(list(missing.values())).astype(np.float16), strict=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keys=np.array(list(known)), rows=np.stack(list(known.values())))
    some = np.stack([known[key] for key in keys]).astype(np.float32)
    rows = np.zeros((len(table.texts), some.shape[1]), dtype=np.float32)
    rows[chosen] = some
    return rows
