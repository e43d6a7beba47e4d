"""What the API tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

from app.metrics import DURATIONS_S

HTTP = Histogram(
    "vigil_http_request_duration_seconds",
    "HTTP requests below /v1/, by route template; answers of other paths are not counted",
    ["method", "route", "status"],
    buckets=DURATIONS_S,
)
VERDICTS = Counter("vigil_verdicts_total", "Verdicts given to HTTP clients", ["direction", "decision"])
FAILED_OPEN = Counter("vigil_failed_open_total", "Texts allowed because nobody could judge them")
LATENCY = Histogram(
    "vigil_verdict_duration_seconds",
    "From the parsed request to its verdict, through the whole pipeline",
    ["direction", "mode"],
    buckets=DURATIONS_S,
)
UNCLAIMED = Counter("vigil_unclaimed_verdicts_total", "Late or duplicate verdicts, dropped")
REPUBLISHED = Counter(
    "vigil_republished_requests_total", "Requests published again for want of an acknowledgement"
)
WAITING = Gauge("vigil_waiting_requests", "Requests that await their verdict")
REFUSED = Counter("vigil_refused_requests_total", "Requests refused for want of capacity", ["reason"])
PLACES = Gauge("vigil_places", "Texts that this process lets into the pipeline at a time")
LAG = Gauge("vigil_pipeline_lag_seconds", "Estimated wait of a request that enters the pipeline now")
RATE_LIMITED = Counter(
    "vigil_rate_limited_requests_total", "Requests refused because their key asked too often"
)
WEBHOOKS = Counter("vigil_webhooks_total", "Attempts to deliver webhooks", ["outcome"])

for _reason in ("door", "capacity"):
    REFUSED.labels(_reason)
