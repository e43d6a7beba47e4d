"""Options that several commands of `vigil events` share."""

from typing import Annotated

import typer

from app.events.filters import Filter
from app.moments import moment
from app.schemas.decision import Decision
from app.schemas.event import Outcome
from app.schemas.guard import Direction

Since = Annotated[str, typer.Option(help="How far back: 24h, 7d, or a time such as 2026-11-24T08:00 (UTC).")]
Until = Annotated[str | None, typer.Option(help="Until when, written the same way.")]
Client = Annotated[str | None, typer.Option(help="Only this client's.")]
Decided = Annotated[Decision | None, typer.Option("--decision", help="Only those with this decision.")]
Ended = Annotated[Outcome | None, typer.Option("--outcome", help="Only those that ended so.")]
Towards = Annotated[Direction | None, typer.Option("--direction", help="Only prompts or only answers.")]
Category = Annotated[str | None, typer.Option(help="Only those with this category of attack.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def chosen(
    since: str,
    until: str | None = None,
    *,
    client: str | None = None,
    decision: Decision | None = None,
    outcome: Outcome | None = None,
    direction: Direction | None = None,
    category: str | None = None,
) -> Filter:
    """The events that these options name. Raises SettingsError."""
    return Filter(
        since=moment(since, "--since"),
        until=None if until is None else moment(until, "--until"),
        client=client,
        decision=decision,
        outcome=outcome,
        direction=direction,
        category=category,
    )
