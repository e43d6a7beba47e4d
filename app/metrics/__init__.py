"""Every metric that Vigil shows to Prometheus: names, help, labels and buckets, one file per kind of process part.

A process shows the metrics of the modules that it imports: the API shows no gauge of the event store and a worker
none of the rate limits. Durations are in seconds, label values are bounded.
"""

# Judging a text takes 5 to 50 ms; a caller waits 5 s.
DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SCORES = tuple(float(score) for score in range(10, 101, 10))
OTHER = "other"


class Bounded:
    """Label values as they come, but never more than `limit` of them: any further one is `other`.

    Categories and entity types may come from an operator's files or a remote engine, and each value is a series.
    """

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The value itself, or `other`."""
        if value not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(value)
        return value
