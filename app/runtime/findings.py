"""What is wrong with the messages on the server, and what cures it: left over, waiting, tried again, in nobody's care.

Pure. Two looks, a moment apart, are compared, so that what is merely under way is not taken for stuck.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.runtime.inspection import Held, Look, Stored
from app.runtime.provisioning import Drift
from app.streams import BY_DURABLE, VIGIL, Consumer

# How long a message may wait for its first attempt: ten times what a caller does.
PATIENCE_S = 60.0
NEARLY_FULL = 0.8


class Kind(StrEnum):
    """What can be wrong. The names are part of the JSON form."""

    DRIFT = "drift"
    UNKNOWN_CONSUMER = "unknown_consumer"
    ORPHANED = "orphaned"
    UNCLAIMED = "unclaimed"
    STUCK = "stuck"
    WAITING = "waiting"
    BEHIND = "behind"
    RETRIED = "retried"
    NEARLY_FULL = "nearly_full"
    DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing when `fault` is false."""

    kind: Kind
    where: str
    what: str
    cure: tuple[str, ...]
    messages: tuple[Stored, ...] = ()
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def judge(before: Look, now: Look, at: datetime | None = None) -> list[Finding]:
    """Findings in the order in which they are to be cured. `before` is from at least a second earlier."""
    at = at or datetime.now(UTC)
    findings = [_drift(drift) for drift in now.drifts]
    findings += [_unknown_consumer(name, filters) for name, filters in now.unknown.items()]
    for name, share in now.filled.items():
        if share >= NEARLY_FULL:
            findings.append(_nearly_full(name, share))
    if unclaimed := _in_both(before.unclaimed, now.unclaimed):
        findings.append(_unclaimed_finding(unclaimed))
    for durable, held in now.consumers.items():
        if earlier := before.consumers.get(durable):
            findings += _of_consumer(BY_DURABLE[durable], earlier, held, at)
    findings += [_letters(durable, count) for durable, count in now.dead_letters.items() if count]
    return findings


def orphans(before: Held, now: Held) -> tuple[Stored, ...]:
    """Messages that no worker will be given again: they have used up their deliveries and stay until they are too old.

    One at or below the floor is neither under way nor waiting; where nothing is under way, none of those given is.
    """
    limit = before.delivered if before.under_way == 0 else before.floor
    return tuple(one for one in _in_both(before.given, now.given) if one.number <= limit)


def _of_consumer(consumer: Consumer, before: Held, now: Held, at: datetime) -> Iterator[Finding]:
    lost = orphans(before, now)
    if lost:
        yield _orphaned(consumer, lost, at)
    given = [one for one in _in_both(before.given, now.given) if one not in lost]
    if stuck := tuple(one for one in given if _seconds(one, at) > allowed_s(consumer)):
        yield _stuck(consumer, stuck, at)
    if oldest := now.oldest_pending:
        moves = now.delivered > before.delivered or now.asking or before.asking or now.under_way
        if not moves:
            yield _waiting(consumer, now.pending, oldest, at)
        elif _seconds(oldest, at) > PATIENCE_S:
            yield _behind(consumer, now.pending, oldest, at)
    if (again := now.redelivered - len(lost)) > 0:
        yield _retried(consumer, again)


def _orphaned(consumer: Consumer, lost: tuple[Stored, ...], at: datetime) -> Finding:
    what = (
        f"{_many(lost)}, {_age(lost, at)} old, given up after {consumer.attempts + 1} deliveries: "
        "no worker will get them again"
    )
    cure = ("vigil streams bury --all", "vigil dlq list", "vigil dlq replay NUMBER")
    return Finding(Kind.ORPHANED, consumer.durable, what, cure, lost)


def _stuck(consumer: Consumer, stuck: tuple[Stored, ...], at: datetime) -> Finding:
    what = (
        f"{_many(stuck)} given to workers {_age(stuck, at)} ago and not settled; "
        f"all attempts together may take {allowed_s(consumer):g} s"
    )
    cure: tuple[str, ...] = (f"nats consumer info VIGIL {consumer.durable}", "vigil doctor")
    if consumer.worker == "logging":  # it waits for ClickHouse by design
        cure = ("vigil doctor", "vigil events migrate")
    return Finding(Kind.STUCK, consumer.durable, what, cure, stuck)


def _waiting(consumer: Consumer, pending: int, oldest: Stored, at: datetime) -> Finding:
    what = f"{pending} messages wait, the oldest for {_age([oldest], at)}, and no worker asks for them"
    return Finding(Kind.WAITING, consumer.durable, what, (_start(consumer), "vigil doctor"), (oldest,))


def _behind(consumer: Consumer, pending: int, oldest: Stored, at: datetime) -> Finding:
    what = f"{pending} messages wait, the oldest for {_age([oldest], at)}: more comes than is worked on"
    return Finding(Kind.BEHIND, consumer.durable, what, (_start(consumer), "vigil streams info"), (oldest,))


def _retried(consumer: Consumer, again: int) -> Finding:
    what = f"{again} messages are being delivered again: attempts fail, or workers die in them"
    cure = (f"nats consumer info VIGIL {consumer.durable}", "vigil dlq list")
    return Finding(Kind.RETRIED, consumer.durable, what, cure, fault=False)


def _start(consumer: Consumer) -> str:
    return f"VIGIL_WORKERS={consumer.worker} faststream run app:app"


def allowed_s(consumer: Consumer) -> float:
    """What all attempts and the pauses between them may take."""
    return consumer.attempts * (consumer.attempt_limit + consumer.ack_wait) + sum(
        consumer.delays[: consumer.attempts - 1]
    )


def _drift(drift: Drift) -> Finding:
    cure: tuple[str, ...] = ("vigil streams apply",)
    if drift.fixed:
        kind, _, name = drift.where.partition(" ")
        target = f"{VIGIL.name} {name}" if kind == "consumer" else name
        cure = (f"nats {kind} rm {target} --force", "vigil streams apply")
        if kind == "stream":  # with everything in it: messages, or all keys
            cure = ("vigil streams backup FOLDER", *cure)
    return Finding(Kind.DRIFT, drift.where, str(drift).removeprefix(f"{drift.where}: "), cure)


def _unknown_consumer(name: str, filters: Iterable[str]) -> Finding:
    what = f"takes {', '.join(filters) or 'everything'}, which no worker of Vigil then sees"
    return Finding(
        Kind.UNKNOWN_CONSUMER, f"consumer {name}", what, (f"nats consumer rm VIGIL {name} --force",)
    )


def _nearly_full(name: str, share: float) -> Finding:
    what = f"{share:.0%} of its limit is used; at 100 % every request is refused"
    return Finding(Kind.NEARLY_FULL, f"stream {name}", what, ("vigil streams info", "vigil doctor"))


def _unclaimed_finding(messages: tuple[Stored, ...]) -> Finding:
    subjects = sorted({one.subject for one in messages})
    return Finding(
        Kind.UNCLAIMED, f"stream {VIGIL.name}",
        f"{_many(messages)} on subjects that no consumer takes: {', '.join(subjects[:5])}",
        ("vigil streams bury --all", "vigil dlq list", "vigil dlq discard NUMBER"), messages,
    )  # fmt: skip


def _letters(durable: str, count: int) -> Finding:
    worker = durable.removesuffix("-worker")
    cure = (f"vigil dlq list --worker {worker}", "vigil dlq replay NUMBER", "vigil dlq discard NUMBER")
    return Finding(Kind.DEAD_LETTERS, durable, f"{count} dead letters wait for somebody", cure)


def _in_both(before: Iterable[Stored], now: Iterable[Stored]) -> tuple[Stored, ...]:
    known = {one.number for one in before}
    return tuple(one for one in now if one.number in known)


def _many(messages: tuple[Stored, ...]) -> str:
    numbers = ", ".join(str(one.number) for one in messages[:5])
    more = ", ..." if len(messages) > 5 else ""
    return f"{len(messages)} {'message' if len(messages) == 1 else 'messages'} (number {numbers}{more})"


def _seconds(message: Stored, at: datetime) -> float:
    return max(0.0, (at - message.stored_at).total_seconds())


def _age(messages: Iterable[Stored], at: datetime) -> str:
    seconds = max(_seconds(one, at) for one in messages)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
