"""What the workers tell Prometheus about texts and decisions.

Counted where a message is worked on: one that is delivered twice counts twice. The event log has the exact numbers.
"""

from prometheus_client import Counter, Histogram

from app.metrics import DURATIONS_S, SCORES, Bounded
from app.schemas.detection import BranchName, Detection
from app.schemas.pii import PiiResult
from app.schemas.timing import Timings
from app.schemas.verdict import Verdict

STAGES = ("detection", "decision", "pii", "settle", "total")

STAGE = Histogram(
    "vigil_stage_duration_seconds",
    "Work of each stage on one text; `total`: from the accepted request to its settlement, waiting included",
    ["stage"],
    buckets=DURATIONS_S,
)
BRANCH = Histogram("vigil_branch_duration_seconds", "One branch on one text", ["branch"], buckets=DURATIONS_S)
BRANCH_SCORE = Histogram(
    "vigil_branch_score", "Scores of the sound answers of a branch", ["branch"], buckets=SCORES
)
DEGRADED = Counter("vigil_branch_degraded_total", "Answers that a branch failed to give in time", ["branch"])
THREAT = Histogram("vigil_threat_score", "Threat scores of settled texts", buckets=SCORES)
DECISIONS = Counter(
    "vigil_decisions_total", "Texts settled by the arbiter", ["direction", "mode", "decision"]
)
CATEGORIES = Counter(
    "vigil_decision_categories_total",
    "Categories of settled texts; a text can have several",
    ["category", "decision"],
)
FLOORS = Counter("vigil_floors_total", "Floors that raised a threat score", ["floor"])
ENTITIES = Counter("vigil_pii_entities_total", "Personal data found, by type", ["type"])
WITH_PII = Counter("vigil_pii_texts_total", "Texts in which personal data was found")

_category, _floor, _type = Bounded(), Bounded(), Bounded()

for _name in BranchName:
    DEGRADED.labels(_name)


def judged(detection: Detection) -> None:
    """Count what the branches said about one text."""
    for result in detection.branches:
        BRANCH.labels(result.branch).observe(result.latency_ms / 1000)
        if result.degraded:
            DEGRADED.labels(result.branch).inc()
        else:
            BRANCH_SCORE.labels(result.branch).observe(result.score)


def settled(result: PiiResult, verdict: Verdict, timings: Timings) -> None:
    """Count how one text was settled. Readiness probes do not count."""
    request = result.request
    if request.probe:
        return
    DECISIONS.labels(request.direction, request.mode, verdict.decision).inc()
    THREAT.observe(verdict.threat_score)
    for category in verdict.categories:
        CATEGORIES.labels(_category(category), verdict.decision).inc()
    for floor in result.ruling.floors:
        FLOORS.labels(_floor(floor.name)).inc()
    for entity in result.findings.entities:
        ENTITIES.labels(_type(entity.type)).inc()
    WITH_PII.inc(bool(result.findings.entities))
    for stage in STAGES:
        took_ms = getattr(timings, f"{stage}_ms")
        if took_ms is not None:
            STAGE.labels(stage).observe(max(0.0, took_ms) / 1000)
