"""Fitting: n-gram weights, heads on embeddings, how they blend, and what a score means."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from app.detection.artefacts import Calibration, Head
from app.detection.ngrams import BITS, NgramModel, features
from app.detection.training.tables import Bools, Floats, Margins, Table

SEED = 7
# Shares of benign texts at which the calibration has a knot; beyond the last one a straight line goes on.
RATES = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.0025)


def ngrams(table: Table, counts: sparse.csr_matrix, strength: float) -> tuple[NgramModel, Margins]:
    """Logistic regression on hashed n-grams; and the margins of all windows."""
    chosen = table.chosen
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=300, random_state=SEED)
    model.fit(counts[chosen], table.attack[chosen], sample_weight=table.weight[chosen])
    margins: Margins = np.asarray(model.decision_function(counts), dtype=np.float64)
    return NgramModel(model.coef_[0].astype(np.float16), float(model.intercept_[0])), margins


def head(  # noqa: PLR0917 - the settings of one network
    rows: Floats, table: Table, chosen: Bools, units: int, members: int, decay: float, epochs: int
) -> tuple[Head, Margins]:
    """A network of one hidden layer: the mean of `members` that start from different seeds."""
    mean, scale = rows[chosen].mean(axis=0), 1 / (rows[chosen].std(axis=0) + 1e-6)
    scaled = (rows[chosen] - mean) * scale
    networks = [
        MLPClassifier(
            (units,), alpha=decay, max_iter=epochs, batch_size=256, learning_rate_init=5e-4,
            random_state=SEED + member,
        ).fit(scaled, table.attack[chosen], sample_weight=table.weight[chosen])
        for member in range(members)
    ]  # fmt: skip
    joined = _joined(networks, mean, scale)
    return joined, np.asarray(joined(rows), dtype=np.float64)


def _joined(networks: list[MLPClassifier], mean: Floats, scale: Floats) -> Head:
    return Head(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        hidden=np.concatenate([one.coefs_[0] for one in networks], axis=1).astype(np.float32),
        hidden_bias=np.concatenate([one.intercepts_[0] for one in networks]).astype(np.float32),
        out=(np.concatenate([one.coefs_[1] for one in networks]) / len(networks)).astype(np.float32),
        out_bias=np.mean([one.intercepts_[1] for one in networks], axis=0).astype(np.float32),
    )


def blend(columns: list[Margins], attack: Bools, weight: NDArray[np.float64]) -> list[float]:
    """Non-negative weights for margins that are added up, and a bias, by logistic regression on texts that
    none of the columns has been fitted on.
    """
    table = np.stack(columns, axis=1)
    kept = list(range(len(columns)))
    while True:
        model = LogisticRegression(C=1.0, random_state=SEED).fit(table[:, kept], attack, sample_weight=weight)
        if (model.coef_[0] >= 0).all() or len(kept) == 1:
            weights = np.zeros(len(columns))
            weights[kept] = model.coef_[0]
            return [*weights.tolist(), float(model.intercept_[0])]
        del kept[int(np.argmin(model.coef_[0]))]


def branch_scale(rate: float) -> float:
    """A branch's score for a margin that this share of benign texts reaches: 50 is 1 %."""
    return -25 * math.log10(rate)


def threat_scale(rate: float) -> float:
    """The same for the combined score: SANITIZE (30) at 2 %, BLOCK (70) at 0.2 %. Below 0 for most benign texts."""
    return 30 + 40 * math.log10(0.02 / rate)


def calibrate(margins: Margins, weight: NDArray[np.float64], scale: Callable[[float], float]) -> Calibration:
    """Knots from the margins of benign texts; `weight` says how common each is taken to be."""
    order = np.argsort(-margins)
    reached = np.cumsum(weight[order]) / weight.sum()
    knots = [
        float(margins[order][min(int(np.searchsorted(reached, rate)), len(order) - 1)]) for rate in RATES
    ]
    scores = [max(0.0, scale(rate)) for rate in RATES]
    kept = [0]
    for i in range(1, len(knots)):
        if knots[i] > knots[kept[-1]] + 1e-6:
            kept.append(i)
    low = float(np.quantile(margins, 0.05))
    # Beyond the rarest knot the score goes on as steeply as from the 10 % knot to there.
    slope = (scores[kept[-1]] - scores[2]) / max(knots[kept[-1]] - knots[2], 1e-6)
    top = knots[kept[-1]] + (100 - scores[kept[-1]]) / slope
    return Calibration(
        (min(low, knots[0] - 1e-3), *(knots[i] for i in kept), top), (0.0, *(scores[i] for i in kept), 100.0)
    )


def categories(rows: Floats, names: list[str], weight: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    """Multinomial logistic regression of the kind of attack."""
    model = LogisticRegression(C=0.3, max_iter=400, random_state=SEED)
    model.fit(rows, names, sample_weight=weight)
    return {
        "names": np.array(model.classes_, dtype=np.str_),
        "weights": model.coef_.T.astype(np.float16),
        "bias": model.intercept_.astype(np.float32),
    }


def counted(texts: list[str]) -> sparse.csr_matrix:
    """Counts of n-grams over the root of their number: the same sum that NgramModel takes."""
    values: list[NDArray[np.float32]] = []
    columns: list[NDArray[np.int64]] = []
    ends = [0]
    for text in texts:
        numbers, _ = features(text)
        unique, counts = np.unique(numbers, return_counts=True)
        columns.append(unique)
        values.append((counts / np.sqrt(max(len(numbers), 1))).astype(np.float32))
        ends.append(ends[-1] + len(unique))
    shape = (len(texts), 1 << BITS)
    return sparse.csr_matrix((np.concatenate(values), np.concatenate(columns), np.array(ends)), shape=shape)
