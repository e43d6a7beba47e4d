"""What the dashboards show: rows of panels, each with its queries. `build.py` makes Grafana's JSON of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Panel:
    """Queries by legend; `{{label}}` in a legend is the label's value.

    Args:
        title: what it shows.
        queries: PromQL by legend.
        unit: Grafana's name of the unit: `s`, `reqps`, `ops`, `percentunit`, `short`, `bytes`.
        about: what to make of it.
        kind: `lines`, `stacked`, `stat` for the last value, `heatmap` for the buckets of a histogram.
        width: of 24 columns.
    """

    title: str
    queries: dict[str, str]
    unit: str = "short"
    about: str = ""
    kind: str = "lines"
    width: int = 8


@dataclass(frozen=True)
class Dashboard:
    """One page: rows by title."""

    uid: str
    title: str
    about: str
    rows: dict[str, list[Panel]] = field(default_factory=dict)


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Per second, over all processes."""
    grouped = f" by ({by}) " if by else ""
    selector = f"{{{where}}}" if where else ""
    return f"sum{grouped}(rate({metric}{selector}[$__rate_interval]))"


def quantile(share: float, histogram: str, by: str = "") -> str:
    """A quantile of a histogram, over all processes."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', f'le, {by}' if by else 'le')})"


def quantiles(histogram: str) -> dict[str, str]:
    """Median, 95th and 99th percentile."""
    return {f"p{100 * share:g}": quantile(share, histogram) for share in (0.5, 0.95, 0.99)}


def share(metric: str, part: str, by: str = "") -> str:
    """The part of `metric` that `part` selects, 0 to 1; 0 where there is no such part."""
    whole = rate(metric, by)
    return f"({rate(metric, by, part)} or 0 * {whole}) / {whole}"


def of_server(metric: str, by: str) -> str:
    """A number of NATS, which every process shows."""
    return f"max by ({by}) ({metric})"


REQUESTS = "vigil_http_request_duration_seconds_count"
VERDICTS = "vigil_verdict_duration_seconds"
MESSAGES = "vigil_messages_total"

OVERVIEW = Dashboard(
    "vigil-overview",
    "Vigil: overview",
    "Is it up, is it fast, what does it decide.",
    {
        "Now": [
            Panel("Requests", {"": rate(REQUESTS)}, "reqps", kind="stat", width=4),
            Panel("Failed", {"": share(REQUESTS, 'status=~"5.."')}, "percentunit", kind="stat", width=4),
            Panel("Median verdict", {"": quantile(0.5, VERDICTS)}, "s", kind="stat", width=4),
            Panel(
                "Blocked",
                {"": share("vigil_decisions_total", 'decision="BLOCK"')},
                "percentunit",
                kind="stat",
                width=4,
            ),
            Panel(
                "Dead letters waiting",
                {"": "sum(max by (consumer) (vigil_dead_letters))"},
                kind="stat",
                width=4,
            ),
            Panel("Processes up", {"": 'count(up{job="vigil"} == 1)'}, kind="stat", width=4),
        ],
        "Callers": [
            Panel("Requests by status", {"{{status}}": rate(REQUESTS, "status")}, "reqps", kind="stacked"),
            Panel("Requests by route", {"{{route}}": rate(REQUESTS, "route")}, "reqps", kind="stacked"),
            Panel("Time to the verdict", quantiles(VERDICTS), "s", "Callers wait five seconds at most."),
            Panel(
                "Verdicts", {"{{decision}}": rate("vigil_verdicts_total", "decision")}, "ops", kind="stacked"
            ),
            Panel(
                "Turned away",
                {
                    "no capacity ({{reason}})": rate("vigil_refused_requests_total", "reason"),
                    "rate limit": rate("vigil_rate_limited_requests_total"),
                    "failed open": rate("vigil_failed_open_total"),
                },
                "reqps",
                "No capacity: 503 at once, with Retry-After. Failed open: allowed without a verdict.",
            ),
            Panel(
                "Capacity",
                {
                    "texts under judgement": "sum(vigil_waiting_requests)",
                    "places": "sum(vigil_places)",
                },
                about="Places follow what the pipeline can answer in good time.",
            ),
        ],
        "Behind": [
            Panel(
                "Waiting messages", {"{{consumer}}": of_server("vigil_consumer_pending_messages", "consumer")}
            ),
            Panel("Degraded answers", {"{{branch}}": rate("vigil_branch_degraded_total", "branch")}, "ops"),
            Panel("Events stored", {"stored": rate("vigil_events_stored_total")}, "ops"),
        ],
    },
)

PIPELINE = Dashboard(
    "vigil-pipeline",
    "Vigil: pipeline",
    "Where messages wait, and where they are worked on.",
    {
        "Messages": [
            Panel("Settled", {"{{consumer}}": rate(MESSAGES, "consumer", 'result="acked"')}, "ops"),
            Panel(
                "Not settled at the first go",
                {"{{consumer}} {{result}}": rate(MESSAGES, "consumer, result", 'result!="acked"')},
                "ops",
            ),
            Panel("Redelivered", {"{{consumer}}": rate("vigil_redeliveries_total", "consumer")}, "ops"),
            Panel(
                "Waiting in the stream, p95",
                {"{{consumer}}": quantile(0.95, "vigil_message_queue_duration_seconds", "consumer")},
                "s",
                "Grows when a worker does not keep up.",
            ),
            Panel(
                "One attempt, p95",
                {"{{consumer}}": quantile(0.95, "vigil_message_processing_duration_seconds", "consumer")},
                "s",
                "The logging worker's includes waiting for ClickHouse.",
            ),
            Panel(
                "Work of a stage, p95",
                {"{{stage}}": quantile(0.95, "vigil_stage_duration_seconds", "stage")},
                "s",
            ),
        ],
        "Consumers, as NATS sees them": [
            Panel(
                "Not delivered yet",
                {"{{consumer}}": of_server("vigil_consumer_pending_messages", "consumer")},
            ),
            Panel(
                "Delivered, not settled",
                {"{{consumer}}": of_server("vigil_consumer_ack_pending_messages", "consumer")},
            ),
            Panel(
                "Of these redelivered",
                {"{{consumer}}": of_server("vigil_consumer_redelivered_messages", "consumer")},
            ),
            Panel(
                "Progress",
                {"{{consumer}}": "max by (consumer) (rate(vigil_consumer_ack_floor[$__rate_interval]))"},
                "ops",
                "At zero while messages wait: the consumer is stuck.",
            ),
            Panel(
                "Streams",
                {
                    "{{stream}}": "max by (stream) (vigil_stream_bytes) / max by (stream) (vigil_stream_max_bytes)"
                },
                "percentunit",
                "When VIGIL is full, every request is answered 503.",
            ),
            Panel("Messages in flight", {"{{consumer}}": "sum by (consumer) (vigil_messages_in_flight)"}),
        ],
        "Answer path": [
            Panel("Estimated wait", {"{{instance}}": "vigil_pipeline_lag_seconds"}, "s"),
            Panel(
                "Published again, answered too late or twice",
                {
                    "published again": rate("vigil_republished_requests_total"),
                    "unclaimed verdicts": rate("vigil_unclaimed_verdicts_total"),
                },
                "ops",
            ),
            Panel("Connected to NATS", {"{{instance}}": "vigil_nats_connected"}),
        ],
        "Event log": [
            Panel("Insert", quantiles("vigil_event_insert_duration_seconds"), "s", "Outages included."),
            Panel(
                "Events per insert",
                {"mean": f"{rate('vigil_event_batch_size_sum')} / {rate('vigil_event_batch_size_count')}"},
            ),
            Panel(
                "ClickHouse takes events",
                {
                    "{{instance}}": "vigil_event_store_available",
                    "outages": rate("vigil_event_store_outages_total"),
                },
            ),
        ],
    },
)

DETECTION = Dashboard(
    "vigil-detection",
    "Vigil: detection quality",
    "What is decided, why, and how sure the branches are.",
    {
        "Decisions": [
            Panel(
                "Decisions",
                {"{{decision}}": rate("vigil_decisions_total", "decision")},
                "ops",
                kind="stacked",
            ),
            Panel(
                "Share blocked",
                {"{{direction}}": share("vigil_decisions_total", 'decision="BLOCK"', "direction")},
                "percentunit",
                "A jump is an attack, or a client, policy or rule that has changed.",
            ),
            Panel(
                "Categories",
                {"{{category}}": rate("vigil_decision_categories_total", "category", 'decision!="ALLOW"')},
                "ops",
                kind="stacked",
            ),
            Panel(
                "Threat scores",
                {"{{le}}": rate("vigil_threat_score_bucket", "le")},
                kind="heatmap",
                about="Many in the middle: texts that the thresholds decide on.",
                width=16,
            ),
            Panel(
                "Floors", {"{{floor}}": rate("vigil_floors_total", "floor")}, "ops", "What raised a score."
            ),
        ],
        "Branches": [
            Panel(
                "Score, p90",
                {"{{branch}}": quantile(0.9, "vigil_branch_score", "branch")},
                about="50 is reached by about 1 % of benign texts.",
            ),
            Panel(
                "Time, p95", {"{{branch}}": quantile(0.95, "vigil_branch_duration_seconds", "branch")}, "s"
            ),
            Panel(
                "Degraded",
                {
                    "{{branch}}": f"{rate('vigil_branch_degraded_total', 'branch')}"
                    f" / {rate('vigil_branch_duration_seconds_count', 'branch')}"
                },
                "percentunit",
            ),
        ],
        "Personal data": [
            Panel(
                "Texts with personal data",
                {"": f"{rate('vigil_pii_texts_total')} / {rate('vigil_decisions_total')}"},
                "percentunit",
            ),
            Panel(
                "Found, by type",
                {"{{type}}": rate("vigil_pii_entities_total", "type")},
                "ops",
                kind="stacked",
                width=16,
            ),
        ],
    },
)

DEAD_LETTERS = Dashboard(
    "vigil-dead-letters",
    "Vigil: dead letters",
    "Messages that failed three times, and those on their way there. `vigil dlq list` names them.",
    {
        "Dead letters": [
            Panel(
                "Waiting for somebody",
                {"{{consumer}}": of_server("vigil_dead_letters", "consumer")},
                kind="stat",
                width=12,
            ),
            Panel(
                "Given up in a day",
                {"{{consumer}}": f'sum by (consumer) (increase({MESSAGES}{{result="dead_lettered"}}[1d]))'},
                kind="stat",
                width=12,
            ),
            Panel("Given up", {"{{consumer}}": rate(MESSAGES, "consumer", 'result="dead_lettered"')}, "ops"),
            Panel("Waiting", {"{{consumer}}": of_server("vigil_dead_letters", "consumer")}, width=8),
            Panel(
                "In VIGIL_DLQ",
                {"bytes": 'max(vigil_stream_bytes{stream="VIGIL_DLQ"})'},
                "bytes",
                "The oldest go after 30 days or at 1 GB.",
            ),
        ],
        "On the way": [
            Panel("Retried", {"{{consumer}}": rate(MESSAGES, "consumer", 'result="retried"')}, "ops"),
            Panel(
                "Expired",
                {"{{consumer}}": rate(MESSAGES, "consumer", 'result="expired"')},
                "ops",
                "Their callers had gone.",
            ),
            Panel("Events that fit no table", {"rejected": rate("vigil_events_rejected_total")}, "ops"),
        ],
    },
)

DASHBOARDS = {
    "overview": OVERVIEW,
    "pipeline": PIPELINE,
    "detection": DETECTION,
    "dead-letters": DEAD_LETTERS,
}
