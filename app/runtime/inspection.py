"""The messages and consumers of the stream VIGIL as the server knows them at one moment.

A work-queue stream deletes what is acknowledged, so what is in it waits for somebody: a look takes down for whom.
What is wrong with it is said by `app.runtime.findings`.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from app.runtime import provisioning
from app.runtime.headers import MESSAGE_ID
from app.streams import BY_DURABLE, CONSUMERS, DEAD_LETTERS, VIGIL, VIGIL_DLQ, Consumer

# max_ack_pending (1000) messages may be under way; so many more are listed of what is left over.
MOST_LISTED = 2000


@dataclass(frozen=True)
class Stored:
    """One message of the stream VIGIL."""

    number: int
    subject: str
    stored_at: datetime
    message_id: str = ""


@dataclass(frozen=True)
class Held:
    """What the server says of one consumer, and the messages that it has given to workers."""

    delivered: int  # sequence number in the stream of the last message given to a worker
    floor: int  # all messages up to this one are settled, or given up
    pending: int  # not given to a worker yet
    under_way: int  # given, not settled
    redelivered: int
    asking: int  # workers that wait for a message now
    given: tuple[Stored, ...] = ()  # those up to `delivered` that are still in the stream
    oldest_pending: Stored | None = None


@dataclass(frozen=True)
class Look:
    """The server at one moment."""

    consumers: Mapping[str, Held]  # by durable; a missing one is not in it
    unclaimed: tuple[Stored, ...] = ()  # no consumer takes their subject
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # other consumers, and their filters
    drifts: tuple[provisioning.Drift, ...] = ()
    dead_letters: Mapping[str, int] = field(default_factory=dict)  # by durable
    filled: Mapping[str, float] = field(default_factory=dict)  # by stream, the share of its limit


async def look(js: JetStreamContext, replicas: int) -> Look:
    """What the server says now. Raises nats.errors.Error; a missing stream is a drift."""
    drifts = tuple(await provisioning.diff(js, replicas))
    try:
        info = await js.stream_info(VIGIL.name, subjects_filter=">")
    except NotFoundError:
        return Look({}, drifts=drifts)
    counts = info.state.subjects or {}
    consumers = {}
    for consumer in CONSUMERS:
        try:
            consumers[consumer.durable] = await _held(js, consumer, counts)
        except NotFoundError:  # a drift
            continue
    state, limits = info.state, info.config
    # Whichever comes first: ten million short messages are not ten gigabytes.
    filled = max(state.bytes / (limits.max_bytes or 1), state.messages / (limits.max_msgs or 1))
    return Look(
        consumers,
        unclaimed=tuple([one async for one in _unclaimed(js, counts)]),
        unknown=await _unknown(js),
        drifts=drifts,
        dead_letters=await _dead_letters(js),
        filled={VIGIL.name: filled},
    )


async def _held(js: JetStreamContext, consumer: Consumer, counts: Mapping[str, int]) -> Held:
    info = await js.consumer_info(VIGIL.name, consumer.durable)
    delivered = info.delivered.stream_seq if info.delivered else 0
    filters = [name for name in consumer.filters if any(matches(name, subject) for subject in counts)]
    given = sorted(
        [one for name in filters for one in await _messages(js, name, 1, delivered)],
        key=lambda one: one.number,
    )
    waiting = (
        [one for name in filters if (one := await _next(js, name, delivered + 1))] if info.num_pending else []
    )
    return Held(
        delivered=delivered,
        floor=info.ack_floor.stream_seq if info.ack_floor else 0,
        pending=info.num_pending or 0,
        under_way=info.num_ack_pending or 0,
        redelivered=info.num_redelivered or 0,
        asking=info.num_waiting or 0,
        given=tuple(given),
        oldest_pending=min(waiting, key=lambda one: one.number, default=None),
    )


async def _messages(js: JetStreamContext, subject: str, first: int, last: int) -> list[Stored]:
    found: list[Stored] = []
    while first <= last and len(found) < MOST_LISTED and (one := await _next(js, subject, first)):
        if one.number > last:
            break
        found.append(one)
        first = one.number + 1
    return found


async def _next(js: JetStreamContext, subject: str, number: int) -> Stored | None:
    try:
        return stored(await js.get_msg(VIGIL.name, seq=number, subject=subject, next=True))
    except NotFoundError:
        return None


def stored(message: RawStreamMsg) -> Stored:
    """A message as the server gives it, without its payload."""
    return Stored(
        number=message.seq or 0,
        subject=message.subject or "",
        stored_at=message.time or datetime.now(UTC),
        message_id=(message.headers or {}).get(MESSAGE_ID, ""),
    )


async def _unclaimed(js: JetStreamContext, counts: Mapping[str, int]) -> AsyncIterator[Stored]:
    for subject in sorted(counts):
        if not any(matches(name, subject) for consumer in CONSUMERS for name in consumer.filters):
            for one in await _messages(js, subject, 1, 2**63 - 1):
                yield one


async def _unknown(js: JetStreamContext) -> dict[str, tuple[str, ...]]:
    found = {}
    for info in await js.consumers_info(VIGIL.name):
        if info.name not in BY_DURABLE:
            config = info.config
            found[info.name] = tuple(config.filter_subjects or filter(None, [config.filter_subject]))
    return found


async def _dead_letters(js: JetStreamContext) -> dict[str, int]:
    try:
        state = (await js.stream_info(VIGIL_DLQ.name, subjects_filter=f"{DEAD_LETTERS}.>")).state
    except NotFoundError:  # a drift
        return {}
    return {subject.rpartition(".")[2]: count for subject, count in sorted((state.subjects or {}).items())}


def matches(pattern: str, subject: str) -> bool:
    """Whether a NATS filter takes a subject."""
    wanted, tokens = pattern.split("."), subject.split(".")
    if wanted[-1] == ">" and len(tokens) >= len(wanted):
        tokens[len(wanted) - 1 :] = ">"
    return len(wanted) == len(tokens) and all(
        part in ("*", token) for part, token in zip(wanted, tokens, strict=True)
    )
