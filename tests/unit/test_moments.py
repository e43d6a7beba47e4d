from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SettingsError
from app.moments import duration, moment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
    ],
)
def test_durations(text: str, found: timedelta) -> None:
    assert duration(text, "--since") == found
    before = datetime.now(UTC)
    assert before - found <= moment(text, "--since") <= datetime.now(UTC) - found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T08:00", datetime(2026, 11, 24, 8, tzinfo=UTC)),
        ("2026-11-24T08:00:00+02:00", datetime(2026, 11, 24, 6, tzinfo=UTC)),
        ("2026-11-24T08:00:00Z", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ],
)
def test_times(text: str, found: datetime) -> None:
    assert moment(text, "--since") == found


@given(st.text(max_size=20))
def test_anything_else_is_refused_by_the_option_s_name(text: str) -> None:
    try:
        found = moment(text, "--since")
    except SettingsError as error:
        refusal = str(error)
    else:
        refusal = f"--since {text}" if found.tzinfo else "a time without a zone"
    assert f"--since {text}" in refusal


def test_more_than_there_was_is_refused() -> None:
    with pytest.raises(SettingsError, match="--since 999999d"):
        moment("999999d", "--since")
