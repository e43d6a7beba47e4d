import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.events.filters import Filter
from app.schemas.decision import Decision


def test_without_conditions_everything_is_meant() -> None:
    assert (Filter().condition, Filter().values) == ("1", {})


def test_only_what_is_given_is_asked_for() -> None:
    which = Filter(client="shop", decision=Decision.BLOCK, pii=False)
    assert which.condition == (
        "client_id = %(client)s AND arbiter_decision = %(decision)s AND (pii_count > 0) = %(pii)s"
    )
    assert which.values == {"client": "shop", "decision": "BLOCK", "pii": False}


def test_times_keep_their_milliseconds() -> None:
    assert Filter(since=datetime(2026, 11, 24, 8, 0, 0, 123_000, tzinfo=UTC)).values == {
        "since": 1795507200123
    }


@given(
    st.builds(
        Filter,
        client=st.none() | st.text(),
        text=st.none() | st.text(),
        min_score=st.none() | st.floats(0, 100),
    )
)
def test_every_name_in_the_condition_has_its_value_and_no_value_is_in_the_condition(which: Filter) -> None:
    assert set(re.findall(r"%\((\w+)\)s", which.condition)) == set(which.values)
    assert re.fullmatch(r"[\w\s=>()%,.]*", which.condition)
