"""What the writer of the event log tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

STORED = Counter(
    "vigil_events_stored_total", "Events that ClickHouse has acknowledged; a redelivered one counts again"
)
REJECTED = Counter("vigil_events_rejected_total", "Events that no table can hold; they are dead-lettered")
AVAILABLE = Gauge(
    "vigil_event_store_available", "1 when the last batch was stored, 0 while events wait in the stream"
)
OUTAGES = Counter("vigil_event_store_outages_total", "How often ClickHouse stopped taking events")
BATCH = Histogram(
    "vigil_event_batch_size", "Events per insert", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
INSERT = Histogram(
    "vigil_event_insert_duration_seconds",
    "One batch, from the first try until ClickHouse has acknowledged it, outages included",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0),
)
