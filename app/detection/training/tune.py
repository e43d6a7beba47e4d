"""Tuning the encoder's network, and training the compact one beside it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from app.detection.encoder import Encoder, marked
from app.detection.training import network
from app.detection.training.tables import Bools, Margins, Table

log = logging.getLogger("vigil.training")

# Tokens of a batch, padding included, and what widths are rounded up to: each width is compiled once.
BATCH_TOKENS = 2048
ROUND = 24
EPOCHS = 3
# Foreign windows of one epoch, and the share of our own texts' variants: others each time. Foreign windows near the
# boundary, by the n-gram model, are drawn three times as often.
FOREIGN, VARIANTS = 4000, 0.4
NEAR, NEAR_FACTOR = 1.5, 3.0
WARM_UP = 60
# The parameters that are shipped are the mean over the steps of this last share.
AVERAGED = 0.4
# All of the above and the network's own: another value is another result.
SETTINGS = (
    BATCH_TOKENS, ROUND, EPOCHS, FOREIGN, VARIANTS, NEAR, NEAR_FACTOR, WARM_UP, AVERAGED,
    network.UNITS, network.DROPOUT, network.WORD_DROPOUT, network.RATE, network.NEW_RATE, network.TAUGHT,
)  # fmt: skip

Tokens = NDArray[np.int32]
Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Packed:
    """Windows of like length: their places in the table, token numbers and mask."""

    places: list[int]
    tokens: Tokens
    mask: NDArray[np.float32]


class Tuner:
    """Both networks in training. Deterministic for a seed and a number of threads."""

    def __init__(self, table: Table, seed: int) -> None:
        self._encoder = Encoder()
        self._table = table
        self._seed = seed
        self._chance = np.random.default_rng(seed)
        self._ids = [marked(self._encoder.tokens(text)) for text in table.texts]
        vectors = jnp.asarray(self._encoder.vectors(range(self._encoder.vocabulary)), jnp.float16)

        @jax.jit  # type: ignore[untyped-decorator, unused-ignore]
        def step(
            state: network.State, number: float, packed: tuple[jax.Array, ...], key: jax.Array, scale: float
        ) -> network.State:
            tokens, mask, target, weight = packed
            kept = jax.random.bernoulli(jax.random.fold_in(key, 9), 1 - network.WORD_DROPOUT, tokens.shape)
            tokens = jnp.where(kept, tokens, 0)
            embedded = vectors[tokens].astype(jnp.float32)
            return network.step(state, number, network.Batch(embedded, mask, target, weight), key, scale)

        @jax.jit  # type: ignore[untyped-decorator, unused-ignore]
        def forward(
            parameters: dict[str, network.Parameters], tokens: jax.Array, mask: jax.Array
        ) -> tuple[jax.Array, jax.Array]:
            embedded = vectors[tokens].astype(jnp.float32)
            return (
                network.margins(parameters["encoder"], embedded, mask),
                network.compact_margins(parameters["compact"], embedded, mask),
            )

        self._step, self._forward = step, forward

    def fit(self, nearness: Margins) -> dict[str, Arrays]:
        """Train; `nearness` are margins of another model, for the choice of windows.

        From the second epoch on the encoder itself says which window of a long attack holds it.
        """
        state = network.start(self._encoder, self._seed)
        average, averaged = state.parameters, 0
        unsure = self._table.unsure & self._table.own
        seen = nearness.copy()
        total, number, started = 0, 0, perf_counter()
        for epoch in range(EPOCHS):
            if epoch:
                seen[unsure] = self.margins(state.parameters, unsure)[0][unsure]
            lesson = self._table.taught(seen)
            batches = list(self._batches(self._drawn(lesson.chosen, nearness)))
            total = total or len(batches) * EPOCHS
            for packed in batches:
                number += 1
                scale = min(1.0, number / WARM_UP) * max(0.03, 1 - number / total)
                key = jax.random.fold_in(jax.random.PRNGKey(self._seed), number)
                state = self._step(state, float(number), self._labelled(packed, lesson), key, scale)
                if number > (1 - AVERAGED) * total:
                    averaged += 1
                    share = 1 / averaged
                    average = jax.tree_util.tree_map(
                        lambda old, new: old + share * (new - old),  # noqa: B023 - used at once
                        average,
                        state.parameters,
                    )
                if number % 50 == 0:
                    jax.block_until_ready(state)
            log.info("epoch %d: %d steps, %.0f s", epoch + 1, number, perf_counter() - started)
        return {
            name: {key: np.asarray(value, np.float32) for key, value in parameters.items()}
            for name, parameters in average.items()
        }

    def margins(self, parameters: Mapping[str, Any], chosen: Bools) -> tuple[Margins, Margins]:
        """Margins of the chosen windows by either network; 0 for the others."""
        found = np.zeros((2, len(self._ids)))
        for packed in self._batches(np.flatnonzero(chosen)):
            for row, values in zip(found, self._forward(parameters, packed.tokens, packed.mask), strict=True):
                row[packed.places] = np.asarray(values)[: len(packed.places)]
        return found[0], found[1]

    def _drawn(self, chosen: NDArray[np.bool_], nearness: Margins) -> NDArray[np.int64]:
        drawn = ~self._table.variant | (self._chance.random(len(chosen)) < VARIANTS)
        own = np.flatnonzero(chosen & self._table.own & drawn)
        foreign = np.flatnonzero(chosen & ~self._table.own)
        if len(foreign) > FOREIGN:
            wrong_side = nearness[foreign] * np.where(self._table.attack[foreign], -1, 1)
            wanted = np.where(wrong_side > -NEAR, NEAR_FACTOR, 1.0)
            foreign = self._chance.choice(foreign, FOREIGN, replace=False, p=wanted / wanted.sum())
        return np.concatenate((own, foreign))

    def _labelled(self, packed: Packed, lesson: Table) -> tuple[NDArray[np.generic], ...]:
        target, weight = np.zeros((2, len(packed.tokens)), np.float32)
        target[: len(packed.places)] = lesson.attack[packed.places]
        weight[: len(packed.places)] = lesson.weight[packed.places]
        return packed.tokens, packed.mask, target, weight

    def _batches(self, places: Sequence[int] | NDArray[np.int64]) -> Iterator[Packed]:
        """Windows of like length together, in random order."""
        lengths = np.array([len(self._ids[place]) for place in places])
        order = np.argsort(lengths + self._chance.random(len(lengths)) * ROUND / 2)
        groups: list[list[int]] = []
        width = 0
        for i in order:
            needed = -(-int(lengths[i]) // ROUND) * ROUND
            if not groups or (len(groups[-1]) + 1) * max(width, needed) > BATCH_TOKENS:
                groups.append([])
                width = 0
            width = max(width, needed)
            groups[-1].append(int(places[i]))
        for group in self._chance.permutation(np.arange(len(groups))):
            yield self._packed(groups[group])

    def _packed(self, places: list[int]) -> Packed:
        width = -(-max(len(self._ids[place]) for place in places) // ROUND) * ROUND
        rows = BATCH_TOKENS // width
        tokens, mask = np.zeros((rows, width), np.int32), np.zeros((rows, width), np.float32)
        mask[:, 0] = 1  # a row without tokens would be divided by nothing
        for row, place in enumerate(places):
            ids = self._ids[place]
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        return Packed(places, tokens, mask)


def save(path: Path, networks: dict[str, Arrays]) -> None:
    """Write the parameters of both networks to one file."""
    flat = {f"{name}/{key}": value for name, arrays in networks.items() for key, value in arrays.items()}
    np.savez(path, allow_pickle=False, **flat)


def read(path: Path) -> dict[str, Arrays]:
    """What `save` wrote."""
    networks: dict[str, Arrays] = {}
    with np.load(path, allow_pickle=False) as stored:
        for name in stored.files:
            network_name, key = name.split("/")
            networks.setdefault(network_name, {})[key] = stored[name]
    return networks
