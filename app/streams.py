"""Streams, buckets and consumers: the one place where their settings stand.

The decorators of `app.subscribers` and the provisioning step read them from here; the deployment
manifests are tested against them. Reasons are in docs/decisions/0001-delivery.md.
"""

from dataclasses import dataclass, replace

from faststream.nats import JStream
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
)

# A handler publishes within its attempt; a caller waits 5 s in all.
PUBLISH_TIMEOUT_S = 2.0

DAY_S = 24 * 3600.0
GB = 1024**3

GUARD_INPUT = "vigil.guard.input"
GUARD_OUTPUT = "vigil.guard.output"
DETECTION_JOB = "vigil.detection.job"
DETECTION_CLEANING = "vigil.detection.cleaning"
ARBITER_DECISION = "vigil.arbiter.decision"
ARBITER_CLEANED = "vigil.arbiter.cleaned"
PII_DETECT = "vigil.pii.detect"
PII_RESULT = "vigil.pii.result"
LOGS_EVENT = "vigil.logs.event"
DEAD_LETTERS = "vigil.dlq"

# What a worker names to reach an existing stream. declare=False: a worker never writes a stream's
# settings (a partial declaration was seen to rewrite a live one).
VIGIL = JStream("VIGIL", declare=False)
VIGIL_DLQ = JStream("VIGIL_DLQ", declare=False)

_VIGIL_CONFIG = StreamConfig(
    name="VIGIL",
    description="Requests on their way through the pipeline",
    subjects=["vigil.guard.>", "vigil.detection.>", "vigil.pii.>", "vigil.arbiter.>", "vigil.logs.>"],
    retention=RetentionPolicy.WORK_QUEUE,
    storage=StorageType.FILE,
    compression=StoreCompression.S2,
    discard=DiscardPolicy.NEW,
    max_age=7 * DAY_S,
    max_bytes=10 * GB,
    max_msgs=10_000_000,
    duplicate_window=120.0,
)
_DLQ_CONFIG = StreamConfig(
    name="VIGIL_DLQ",
    description="Messages that failed three times",
    subjects=[f"{DEAD_LETTERS}.>"],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    compression=StoreCompression.S2,
    discard=DiscardPolicy.OLD,
    max_age=30 * DAY_S,
    max_bytes=1 * GB,
    duplicate_window=120.0,
)


@dataclass(frozen=True)
class Bucket:
    """A key-value bucket: a stream named `KV_<name>` that keeps the last `history` values of each key."""

    name: str
    description: str
    history: int = 1
    lifetime_s: float | None = None  # what a value lives at most; each may have a shorter life of its own

    @property
    def stream(self) -> str:
        """The stream behind it."""
        return f"KV_{self.name}"

    @property
    def config(self) -> StreamConfig:
        """What a client library would create: values are replaced, never deleted from the middle."""
        return StreamConfig(
            name=self.stream,
            description=self.description,
            subjects=[f"$KV.{self.name}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            compression=StoreCompression.S2,
            discard=DiscardPolicy.NEW,
            max_msgs_per_subject=self.history,
            max_age=self.lifetime_s,
            duplicate_window=120.0,
            allow_direct=True,
            allow_rollup_hdrs=True,
            allow_msg_ttl=self.lifetime_s is not None or None,
            deny_delete=True,
        )


KEYS = Bucket("vigil_keys", "API keys, as digests", history=5)
POLICIES = Bucket("vigil_policies", "Policies of clients, with their history", history=64)
VAULT = Bucket(
    "vigil_vault", "Redacted values, sealed, so that their client can put them back", lifetime_s=DAY_S
)
ANSWERS = Bucket("vigil_answers", "Answers under their idempotency keys, sealed", lifetime_s=DAY_S)
JOBS = Bucket("vigil_jobs", "Jobs, their results, and the webhooks that are to be told", lifetime_s=7 * DAY_S)
JOB_RESULTS = f"$KV.{JOBS.name}.result"
BUCKETS = (KEYS, POLICIES, VAULT, ANSWERS, JOBS)


def stream_configs(replicas: int) -> tuple[StreamConfig, ...]:
    """Streams and buckets for R1 (development), R3 (production) or R5."""
    configs = (_VIGIL_CONFIG, _DLQ_CONFIG, *(bucket.config for bucket in BUCKETS))
    return tuple(replace(config, num_replicas=replicas) for config in configs)


@dataclass(frozen=True)
class Consumer:
    """A durable pull consumer and how its worker treats a message.

    Seconds throughout. `attempt_limit` is what one attempt may take; `ack_wait` is how long the server
    waits for the next heartbeat before it gives the message to another replica.
    """

    worker: str
    filters: tuple[str, ...]
    attempt_limit: float
    delays: tuple[float, ...]
    fetch: int
    attempts: int = 3
    ack_wait: float = 2.5

    @property
    def durable(self) -> str:
        """The durable's name on the server, also the last token of its dead-letter subject."""
        return f"{self.worker}-worker"

    @property
    def config(self) -> ConsumerConfig:
        """The server's side. `max_deliver` is one above `attempts`: a message whose worker died on the
        last attempt is delivered once more, only to be dead-lettered.
        """
        return ConsumerConfig(
            durable_name=self.durable,
            filter_subjects=list(self.filters),
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait,
            max_deliver=self.attempts + 1,
            max_ack_pending=1000,
        )


DETECTION = Consumer(
    worker="detection",
    filters=("vigil.guard.*", "vigil.detection.>"),
    attempt_limit=30.0,
    delays=(5.0, 30.0, 60.0),
    fetch=10,
)
PII = Consumer(worker="pii", filters=(PII_DETECT,), attempt_limit=60.0, delays=(10.0, 30.0, 120.0), fetch=5)
ARBITER = Consumer(
    worker="arbiter",
    filters=("vigil.arbiter.>", PII_RESULT),
    attempt_limit=10.0,
    delays=(2.0, 5.0, 10.0),
    fetch=10,
)
# Nobody waits for a log event, and a batch is collected for up to 5 s before its handler can send a
# heartbeat: with 3 s every slow batch would be delivered twice.
LOGGING = Consumer(
    worker="logging",
    filters=("vigil.logs.>",),
    attempt_limit=30.0,
    delays=(5.0, 30.0, 60.0),
    fetch=100,
    ack_wait=10.0,
)

CONSUMERS = (DETECTION, ARBITER, PII, LOGGING)
BY_DURABLE = {consumer.durable: consumer for consumer in CONSUMERS}
WORKERS = tuple(consumer.worker for consumer in CONSUMERS)
