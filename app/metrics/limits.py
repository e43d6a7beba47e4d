"""What the rate limiter tells Prometheus."""

from prometheus_client import Counter, Gauge

SHARED = Gauge("vigil_rate_limits_shared", "1 while rate limits are counted in Redis, 0 while locally")
FAILURES = Counter(
    "vigil_rate_limit_store_failures_total", "Requests whose limits Redis did not count in time"
)
