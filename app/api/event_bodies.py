"""What is asked of the event log, and what it answers."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.errors import SettingsError
from app.events.filters import Filter
from app.events.statistics import By, Resolution
from app.moments import moment
from app.schemas.decision import Decision
from app.schemas.event import Outcome
from app.schemas.guard import Direction, Mode


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return moment(value, "time")
    except SettingsError as error:
        raise ValueError(str(error)) from None


Moment = Annotated[datetime, BeforeValidator(_moment)]


class EventFilter(BaseModel):
    """Which events. Every condition that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(
        default=None, description="`24h`, `7d`, or a time in ISO 8601.", examples=["24h"]
    )
    until: Moment | None = Field(default=None, description="Written the same way; not included.")
    client_id: str | None = Field(default=None, max_length=128)
    decision: Decision | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    mode: Mode | None = None
    category: str | None = Field(default=None, max_length=128)
    min_score: float | None = Field(default=None, ge=0, le=100, description="Lowest threat score.")
    pii: bool | None = Field(default=None, description="With personal data, or without.")
    text: str | None = Field(
        default=None, max_length=200, description="Part of the redacted text, in any case."
    )

    @property
    def filter(self) -> Filter:
        """For the event log."""
        given = self.model_dump(include=set(EventFilter.model_fields), exclude={"client_id"})
        return Filter(client=self.client_id, **given)


class EventSearch(EventFilter):
    """Which events, and how many at once."""

    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=400, description="`next_cursor` of the page before.")


class StatsQuestion(EventFilter):
    """Which events, and what they are grouped by."""

    by: By | None = None


class SeriesQuestion(EventFilter):
    """Which events, and the steps of time."""

    step: Resolution = Resolution.HOUR


class CategoriesQuestion(EventFilter):
    """Which events, and how many categories."""

    limit: int = Field(default=20, ge=1, le=500)


class StoredEvent(BaseModel):
    """One request as it ended: a row of the event log."""

    event_id: str
    request_id: str
    client_id: str
    direction: Direction
    mode: Mode
    accepted_at: datetime
    outcome: Outcome
    arbiter_decision: Decision | None
    shadow_decision: Decision | None
    policy_version: int
    branch_a_score: float | None
    branch_b_score: float | None
    branch_c_score: float | None
    weighted_score: float | None
    threat_score: float | None
    floors: list[str]
    degraded: list[str]
    categories: list[str]
    pii_types: list[str]
    pii_count: int
    redacted_text: str
    text_chars: int
    language: str
    detection_ms: float | None
    decision_ms: float | None
    pii_ms: float | None
    settle_ms: float | None
    total_ms: float | None
    branch_a_ms: float | None
    branch_b_ms: float | None
    branch_c_ms: float | None
    reason: str
    ingested_at: datetime


class EventPage(BaseModel):
    """Events, newest first."""

    events: list[StoredEvent]
    next_cursor: str | None = Field(
        description="Continues after the last of them; null where there is no more."
    )


class Counts(BaseModel):
    """How many events, how decided, and the percentiles of their whole time."""

    events: int
    allowed: int
    sanitized: int
    blocked: int
    expired: int
    dead_lettered: int
    with_pii: int
    degraded: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Group(Counts):
    """The same for one group or step of time."""

    key: datetime | date | str


class StageLatency(BaseModel):
    """Percentiles of one stage."""

    stage: str
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class CategoryCount(BaseModel):
    """How many events carry a category."""

    category: str
    events: int


class Summary(Counts):
    """Numbers over events; each counts once, however often it was delivered."""

    since: datetime | None
    until: datetime
    latency_ms: list[StageLatency] | None = Field(default=None, description="Without `by`.")
    top_categories: list[CategoryCount] | None = Field(default=None, description="Without `by`.")
    by: str | None = None
    rows: list[Group] | None = None
