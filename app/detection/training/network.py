"""The two networks in JAX, for training: the same arithmetic as app/detection/encoder.py and compact.py, padded.

Token vectors are given: `embedded` is (rows, tokens, dimensions) and `mask` (rows, tokens) is 1 inside a text.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from app.detection.compact import CHANNELS
from app.detection.encoder import DIMENSIONS, EPSILON, ORDERS, WIDTH, Encoder

Parameters = dict[str, jax.Array]

UNITS = 96
COMPACT_UNITS = 64
DROPOUT = 0.3
# Tokens that are replaced by the unknown one while learning.
WORD_DROPOUT = 0.1
# The encoder's head and all of the compact network start from nothing, the rest from the package's weights.
HEAD = ("h1", "hb1", "h2", "hb2")
RATE, NEW_RATE, DECAY = 2e-4, 8e-4, 0.01
# The compact network learns from the labels and, as much, from what the encoder makes of the text.
TAUGHT = 0.5
SMOOTHING = 0.03


class State(NamedTuple):
    """Parameters and Adam's two moments, for both networks."""

    parameters: dict[str, Parameters]
    first: dict[str, Parameters]
    second: dict[str, Parameters]


class Batch(NamedTuple):
    """Token vectors, mask, labels and weights; a padding row has weight 0."""

    embedded: jax.Array
    mask: jax.Array
    target: jax.Array
    weight: jax.Array


def start(encoder: Encoder, seed: int) -> State:
    """The package's weights with a new head, and a new compact network."""
    chance = np.random.default_rng(seed)

    def drawn(rows: int, columns: int) -> NDArray[np.float64]:
        return np.asarray(chance.normal(size=(rows, columns)) / np.sqrt(rows))

    head = {
        "h1": drawn(encoder.features, UNITS), "hb1": np.zeros(UNITS),
        "h2": drawn(UNITS, 1), "hb2": np.zeros(1),
    }  # fmt: skip
    compact = {
        "in": drawn(DIMENSIONS, CHANNELS), "in_b": np.zeros(CHANNELS),
        "span": drawn(3 * CHANNELS, CHANNELS), "span_b": np.zeros(CHANNELS),
        "h1": drawn(2 * CHANNELS, COMPACT_UNITS), "hb1": np.zeros(COMPACT_UNITS),
        "h2": drawn(COMPACT_UNITS, 1), "hb2": np.zeros(1),
    }  # fmt: skip
    networks: dict[str, dict[str, Any]] = {"encoder": {**encoder.parameters, **head}, "compact": compact}
    parameters = {
        name: {key: jnp.asarray(value, jnp.float32) for key, value in network.items()}
        for name, network in networks.items()
    }
    nothing = jax.tree_util.tree_map(jnp.zeros_like, parameters)
    return State(parameters, nothing, nothing)


def margins(p: Parameters, embedded: jax.Array, mask: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """The encoder's margin of each row; with `key`, dropout."""
    inside = mask[..., None]
    projected = _norm(embedded @ p["project"] + p["bias"], p["gain"], p["shift"]) * inside
    parts = [embedded]
    for branch, (order, left) in enumerate(ORDERS):
        hidden = projected[..., branch * WIDTH : (branch + 1) * WIDTH]
        for layer in "12":
            out = _spanned(hidden, p[f"w{layer}_{order}"], left) + p[f"b{layer}_{order}"]
            hidden = (hidden + jax.nn.relu(out)) * inside
        parts.append(hidden)
    joined = _norm(jnp.concatenate(parts, -1), p["ln_g"], p["ln_b"]) * inside
    count = mask.sum(1, keepdims=True)
    total = joined.sum(1)
    pooled = (total @ p["cnn_W"] + count * p["cnn_b"]) / jnp.sqrt(count)
    deep = jax.nn.relu(pooled @ p["p1"] + jax.nn.relu(pooled @ p["d0"]) @ p["d1"])
    vector = jnp.tanh(deep @ p["p3"] + jax.nn.relu(deep @ p["d2"]) @ p["d3"])
    vector = vector * jax.lax.rsqrt((vector * vector).sum(-1, keepdims=True) + EPSILON)
    features = jnp.concatenate((vector * 8, total / count, _highest(joined, inside) * 0.5), -1)
    units = jax.nn.relu(_dropped(features, key, 0) @ p["h1"] + p["hb1"])
    return (_dropped(units, key, 1) @ p["h2"] + p["hb2"])[:, 0]


def compact_margins(
    p: Parameters, embedded: jax.Array, mask: jax.Array, key: jax.Array | None = None
) -> jax.Array:
    """The compact network's margin of each row; with `key`, dropout."""
    inside = mask[..., None]
    hidden = jax.nn.relu(embedded @ p["in"] + p["in_b"]) * inside
    hidden = (hidden + jax.nn.relu(_spanned(hidden, p["span"], 1) + p["span_b"])) * inside
    mean = hidden.sum(1) / mask.sum(1, keepdims=True)
    features = jnp.concatenate((mean, _highest(hidden, inside)), -1)
    units = jax.nn.relu(_dropped(features, key, 2) @ p["h1"] + p["hb1"])
    return (_dropped(units, key, 3) @ p["h2"] + p["hb2"])[:, 0]


def step(state: State, number: jax.Array, batch: Batch, key: jax.Array, scale: jax.Array) -> State:
    """One step of Adam for each network, its gradient clipped to length 1; weight decay on what is new."""
    gradients = jax.grad(_loss)(state.parameters, batch, key)
    parameters, first, second = {}, {}, {}
    for network, p in state.parameters.items():
        gradient = gradients[network]
        length = jnp.sqrt(sum((value * value).sum() for value in gradient.values()))
        gradient = {name: value * jnp.minimum(1.0, 1.0 / length) for name, value in gradient.items()}
        one = {name: 0.9 * state.first[network][name] + 0.1 * gradient[name] for name in p}
        two = {name: 0.999 * state.second[network][name] + 0.001 * gradient[name] ** 2 for name in p}
        moved = {}
        for name, value in p.items():
            direction = (one[name] / (1 - 0.9**number)) / (jnp.sqrt(two[name] / (1 - 0.999**number)) + 1e-8)
            new = network == "compact" or name in HEAD
            rate, decay = (NEW_RATE, DECAY) if new else (RATE, 0.0)
            moved[name] = value - scale * rate * (direction + decay * value)
        parameters[network], first[network], second[network] = moved, one, two
    return State(parameters, first, second)


def _loss(parameters: dict[str, Parameters], batch: Batch, key: jax.Array) -> jax.Array:
    target = batch.target * (1 - 2 * SMOOTHING) + SMOOTHING
    margin = margins(parameters["encoder"], batch.embedded, batch.mask, key)
    small = compact_margins(parameters["compact"], batch.embedded, batch.mask, key)
    taught = TAUGHT * jax.nn.sigmoid(jax.lax.stop_gradient(margin)) + (1 - TAUGHT) * target
    losses = jax.nn.softplus(margin) - target * margin + jax.nn.softplus(small) - taught * small
    return (batch.weight * losses).sum() / batch.weight.sum()


def _spanned(hidden: jax.Array, weights: jax.Array, left: int) -> jax.Array:
    """A convolution over tokens; `weights` are (order * channels, channels)."""
    channels, tokens = hidden.shape[-1], hidden.shape[1]
    order = weights.shape[0] // channels
    padded = jnp.pad(hidden, ((0, 0), (left, order - 1 - left), (0, 0)))
    apart = weights.reshape(order, channels, weights.shape[1])
    return sum((padded[:, k : k + tokens] @ apart[k] for k in range(1, order)), padded[:, :tokens] @ apart[0])


def _highest(rows: jax.Array, inside: jax.Array) -> jax.Array:
    return jnp.where(inside > 0, rows, -1e9).max(1)


def _norm(rows: jax.Array, gain: jax.Array, shift: jax.Array) -> jax.Array:
    rows = rows - rows.mean(-1, keepdims=True)
    return rows * jax.lax.rsqrt((rows * rows).mean(-1, keepdims=True) + EPSILON) * gain + shift


def _dropped(rows: jax.Array, key: jax.Array | None, salt: int) -> jax.Array:
    if key is None:
        return rows
    kept = jax.random.bernoulli(jax.random.fold_in(key, salt), 1 - DROPOUT, rows.shape)
    return rows * kept / (1 - DROPOUT)
