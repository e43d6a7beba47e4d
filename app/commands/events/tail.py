"""`vigil events tail`: the latest events, and those that come."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from app.commands.events.connection import event_log
from app.commands.events.display import at, decision, number, printable, to_json
from app.commands.events.options import AsJson, Category, Client, Decided
from app.events.filters import Filter
from app.events.queries import EventQueries
from app.settings import settings

ASK_EVERY_S = 1.0
# A batch shows up some time after its rows were stamped; what was seen already is told by its id.
LOOK_BACK_S = 15


def tail(  # noqa: PLR0917 - one parameter for each option
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=10_000, help="How many of the latest.")
    ] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with those that come, until Ctrl-C.")
    ] = False,
    client: Client = None,
    decision: Decided = None,
    category: Category = None,
    as_json: AsJson = False,
) -> None:
    """Print the latest events, oldest first; with --follow, those that come as well."""
    config, which = settings(), Filter(client=client, decision=decision, category=category)
    console = Console(highlight=False, soft_wrap=True)
    with event_log(config) as connection:
        queries = EventQueries(connection, config.clickhouse_database)
        for row in _events(queries, which, lines, follow=follow):
            if as_json:
                typer.echo(to_json(row))
            else:
                console.print(_line(row))


def _events(queries: EventQueries, which: Filter, lines: int, *, follow: bool) -> Iterator[dict[str, Any]]:
    begin = datetime.now(UTC)
    latest = queries.page(which, limit=lines).events[::-1] if lines else []
    yield from latest
    seen = {_identity(row): begin for row in latest}
    while follow:
        now = datetime.now(UTC)
        since = max(begin, now - timedelta(seconds=LOOK_BACK_S))
        for row in queries.arrived_since(since, which):
            if _identity(row) not in seen:
                yield row
            seen[_identity(row)] = now
        seen = {name: when for name, when in seen.items() if (now - when).total_seconds() < 2 * LOOK_BACK_S}
        time.sleep(ASK_EVERY_S)


def _identity(row: dict[str, Any]) -> tuple[str, str]:
    return row["event_id"], row["outcome"]


def _line(row: dict[str, Any]) -> Text:
    what = ", ".join((*row["categories"], *row["pii_types"])) or row["reason"]
    return Text.assemble(
        at(row["accepted_at"]),
        "  ",
        decision(row),
        f"{number(row['threat_score']):>{14 - len(decision(row))}}",
        f"  {printable(row['client_id'], 20):<12} {row['request_id']}  ",
        (printable(what, 60), "dim"),
    )
