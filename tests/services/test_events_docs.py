"""Every SQL statement of docs/events.md runs, and the first counts each event once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.events.feedback import OPERATOR, FeedbackStore
from app.events.store import EventStore
from app.schemas.decision import Decision
from app.schemas.feedback import Feedback, Wrong
from tests.servers import RestartableServer
from tests.services.test_event_store import event, open_store

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def store(clickhouse: RestartableServer) -> Iterator[EventStore]:
    store = open_store(clickhouse, f"t_{uuid4().hex}")
    store.migrate()
    rows = [
        event(
            "block",
            decision=Decision.BLOCK,
            categories=("leak",),
            threat_score=75.0,
            total_ms=5.0,
            pii_ms=1.0,
        ),
        event("degraded", degraded=("classifier",), decision=Decision.BLOCK, threat_score=65.0),
        event("personal", decision=Decision.SANITIZE, pii_types=("PL_PESEL",), pii_count=1, language="pl"),
    ]
    store.insert(rows)
    store.insert(rows[:2])
    report = Feedback(
        request_id="req-block",
        reporter=OPERATOR,
        verdict=Wrong.FALSE_POSITIVE,
        reason="quoted",
        reported_at=datetime.now(UTC),
    )
    FeedbackStore(store.connection, store.database).add(report)
    store.connection.execute(f"SYSTEM REFRESH VIEW {store.database}.vigil_daily_refresh")
    store.connection.execute(f"SYSTEM WAIT VIEW {store.database}.vigil_daily_refresh")
    yield store
    store.connection.execute(f"DROP DATABASE {store.database}")
    store.close()


@pytest.mark.parametrize("statement", STATEMENTS, ids=range(len(STATEMENTS)))
def test_it_runs_and_finds_something(store: EventStore, statement: str) -> None:
    assert store.connection.execute(statement.replace("n8n_logs", store.database), final=0)


def test_the_first_counts_each_event_once(store: EventStore) -> None:
    assert store.connection.execute(STATEMENTS[0].replace("n8n_logs", store.database), final=0) == [(3,)]
    raw = store.connection.execute(f"SELECT count() FROM {store.database}.vigil_events", final=0)
    assert raw == [(5,)], "without FINAL it counts what was inserted twice"


def test_every_column_is_explained(store: EventStore) -> None:
    names = store.connection.execute(f"DESCRIBE {store.database}.vigil_events")
    missing = {name for name, *_ in names} - set(re.findall(r"`(\w+)`", PAGE)) - {"version", "decision_ms"}
    assert missing <= {"branch_b_ms", "branch_c_ms", "pii_ms"}
