"""Streams and consumers on the server: create, compare, change what may be changed.

Workers only check that they exist (`require`); nothing but `apply` ever writes them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError, NotFoundError

from app.errors import NotProvisioned, StartError, VigilError
from app.streams import CONSUMERS, VIGIL, Consumer, stream_configs

# The server refuses to change these on a live stream or consumer.
FIXED_STREAM_FIELDS = {"retention", "storage", "deny_delete"}
FIXED_CONSUMER_FIELDS = {"deliver_policy", "ack_policy"}
# A cluster that is forming: no suitable peers, no leader yet, not enough resources reported.
FORMING = {10005, 10008, 10023}
PAUSE_S = 1.0
CURE = "run `vigil streams apply`"


@dataclass(frozen=True)
class Drift:
    """One setting that differs between `app/streams.py` and the server."""

    where: str
    setting: str
    wanted: Any
    found: Any
    fixed: bool = False

    def __str__(self) -> str:
        if self.setting == "existence":
            return f"{self.where}: missing"
        return f"{self.where}: {self.setting} is {show(self.found)}, should be {show(self.wanted)}"


@dataclass(frozen=True)
class Change:
    """What `apply` did, or why the server's state stays as it is; `later`: a cluster that has formed may do it."""

    where: str
    action: str
    refused: bool = False
    later: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.action}"


def show(value: Any) -> str:
    """A setting as the operator reads it."""
    if isinstance(value, Enum):
        return str(value.value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


async def diff(js: JetStreamContext, replicas: int) -> list[Drift]:
    """Every setting that drifted. Settings that `app/streams.py` leaves open are not compared."""
    drifts: list[Drift] = []
    for wanted in stream_configs(replicas):
        drifts += await _stream_drifts(js, wanted)
    for consumer in CONSUMERS:
        drifts += await _consumer_drifts(js, consumer)
    return drifts


async def apply(js: JetStreamContext, replicas: int) -> list[Change]:
    """Bring the server to what `app/streams.py` says, as far as it lets itself be changed."""
    changes: list[Change] = []
    for wanted in stream_configs(replicas):
        changes += await _apply_stream(js, wanted)
    for consumer in CONSUMERS:
        changes += await _apply_consumer(js, consumer)
    return changes


async def apply_patiently(attempt: Callable[[], Awaitable[list[Change]]], wait_s: float) -> list[Change]:
    """What `attempt` brings, an `apply` with a connection of its own, tried again while the servers come up.

    Raises:
        VigilError: of the last attempt, after `wait_s` seconds.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + wait_s
    while True:
        try:
            changes = await attempt()
            if clock() >= end or not any(change.later for change in changes):
                return changes
        except VigilError:
            if clock() >= end:
                raise
        except (NatsError, TimeoutError) as error:
            if clock() >= end:
                raise StartError(f"JetStream does not answer: {str(error) or type(error).__name__}") from None
        await asyncio.sleep(PAUSE_S)


async def require(js: JetStreamContext, consumers: tuple[Consumer, ...]) -> None:
    """Check that these consumers exist, so that a worker's subscription never creates one.

    Raises:
        NotProvisioned: names what is missing and the command that creates it.
    """
    for consumer in consumers:
        try:
            await js.consumer_info(VIGIL.name, consumer.durable)
        except NotFoundError:
            msg = f"consumer {consumer.durable} of stream {VIGIL.name} does not exist: {CURE}"
            raise NotProvisioned(msg) from None


async def _stream_drifts(js: JetStreamContext, wanted: StreamConfig) -> list[Drift]:
    where = f"stream {wanted.name}"
    try:
        found = (await js.stream_info(str(wanted.name))).config
    except NotFoundError:
        return [Drift(where, "existence", wanted=True, found=False)]
    return list(_compare(where, wanted, found, FIXED_STREAM_FIELDS))


async def _consumer_drifts(js: JetStreamContext, consumer: Consumer) -> list[Drift]:
    where = f"consumer {consumer.durable}"
    try:
        found = (await js.consumer_info(VIGIL.name, consumer.durable)).config
    except NotFoundError:
        return [Drift(where, "existence", wanted=True, found=False)]
    # The server stores a single filter under another name than several.
    if found.filter_subject and not found.filter_subjects:
        found.filter_subjects = [found.filter_subject]
    return list(_compare(where, consumer.config, found, FIXED_CONSUMER_FIELDS))


def _compare(
    where: str, wanted: StreamConfig | ConsumerConfig, found: StreamConfig | ConsumerConfig, fixed: set[str]
) -> Iterator[Drift]:
    for field in fields(wanted):
        want, have = getattr(wanted, field.name), getattr(found, field.name)
        if want is None or field.name in ("name", "durable_name"):
            continue
        if isinstance(want, list):
            want, have = sorted(want), sorted(have or [])
        if _plain(want) != _plain(have):
            yield Drift(where, field.name, wanted=want, found=have, fixed=field.name in fixed)


def _plain(value: Any) -> Any:
    value = value.value if isinstance(value, Enum) else value
    # The client turns "no limit" into None or 0 in one direction and -1 in the other.
    return 0 if value is None or value == -1 or value is False else value


async def _apply_stream(js: JetStreamContext, wanted: StreamConfig) -> list[Change]:
    where, drifts = f"stream {wanted.name}", await _stream_drifts(js, wanted)
    if not drifts:
        return [Change(where, "as it should be")]
    if drifts[0].setting == "existence":
        return [await _attempt(where, "created", js.add_stream(wanted))]
    changes = [_refuse(drift) for drift in drifts if drift.fixed]
    current = (await js.stream_info(str(wanted.name))).config
    allowed = {drift.setting: getattr(wanted, drift.setting) for drift in drifts if not drift.fixed}
    if allowed:
        action = f"changed {', '.join(allowed)}"
        changes.append(await _attempt(where, action, js.update_stream(current.evolve(**allowed))))
    return changes


async def _apply_consumer(js: JetStreamContext, consumer: Consumer) -> list[Change]:
    where, drifts = f"consumer {consumer.durable}", await _consumer_drifts(js, consumer)
    if not drifts:
        return [Change(where, "as it should be")]
    changes = [_refuse(drift) for drift in drifts if drift.fixed]
    if changes:
        return changes
    names = [drift.setting for drift in drifts]
    action = "created" if names == ["existence"] else f"changed {', '.join(names)}"
    return [await _attempt(where, action, js.add_consumer(VIGIL.name, consumer.config))]


def _refuse(drift: Drift) -> Change:
    reason = (
        f"{drift.setting} is {show(drift.found)}, should be {show(drift.wanted)}, and the server cannot change it "
        "on a live one: drain it, delete it and apply again"
    )
    return Change(drift.where, reason, refused=True)


async def _attempt(where: str, action: str, call: Any) -> Change:
    try:
        await call
    except APIError as error:
        reason = f"not {action}: {error.description} (code {error.err_code})"
        return Change(where, reason, refused=True, later=error.err_code in FORMING)
    return Change(where, action)
