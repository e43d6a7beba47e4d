"""What every process tells Prometheus about messages: its own, and what the server says of all."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from app.metrics import DURATIONS_S

# How an attempt on a message can end. `unsettled`: the server could not be told; it delivers the message again.
RESULTS = ("acked", "retried", "dead_lettered", "expired", "unsettled")

MESSAGES = Counter("vigil_messages_total", "Attempts on messages, by how they ended", ["consumer", "result"])
REDELIVERIES = Counter(
    "vigil_redeliveries_total",
    "Messages that came again, after a failure or from a worker that died",
    ["consumer"],
)
PROCESSING = Histogram(
    "vigil_message_processing_duration_seconds",
    "One attempt, from the arrival of the message to its settlement",
    ["consumer"],
    buckets=DURATIONS_S,
)
QUEUED = Histogram(
    "vigil_message_queue_duration_seconds",
    "What a message waited in the stream before its first attempt; the clocks of server and worker must agree",
    ["consumer"],
    buckets=DURATIONS_S,
)
IN_FLIGHT = Gauge("vigil_messages_in_flight", "Messages under work in this process", ["consumer"])

CONNECTED = Gauge("vigil_nats_connected", "1 while this process is connected to NATS")
PENDING = Gauge(
    "vigil_consumer_pending_messages", "Messages of a consumer that no worker has got yet", ["consumer"]
)
UNACKED = Gauge("vigil_consumer_ack_pending_messages", "Messages delivered and not settled yet", ["consumer"])
REDELIVERED = Gauge(
    "vigil_consumer_redelivered_messages",
    "Messages delivered more than once and not settled yet",
    ["consumer"],
)
SETTLED = Gauge("vigil_consumer_ack_floor", "Deliveries below which all are settled", ["consumer"])
STREAM_MESSAGES = Gauge("vigil_stream_messages", "Messages in a stream", ["stream"])
STREAM_BYTES = Gauge("vigil_stream_bytes", "Bytes in a stream", ["stream"])
STREAM_LIMIT = Gauge("vigil_stream_max_bytes", "Bytes that a stream may hold", ["stream"])
STREAM_MOST = Gauge("vigil_stream_max_messages", "Messages that a stream may hold; 0: any number", ["stream"])
DEAD_LETTERS = Gauge("vigil_dead_letters", "Dead letters that wait for somebody, by worker", ["consumer"])


def expect(durables: Iterable[str]) -> None:
    """Show these consumers' counters from the start: a counter that appears with its first increment hides it."""
    for durable in durables:
        for result in RESULTS:
            MESSAGES.labels(durable, result)
        REDELIVERIES.labels(durable)
        IN_FLIGHT.labels(durable)
