"""`vigil events stats`: how many, how decided, how fast."""

from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.commands.events.connection import event_log
from app.commands.events.display import at, number, printable, to_json
from app.commands.events.options import AsJson, Category, Client, Decided, Since, Towards, Until, chosen
from app.events.statistics import COUNTS, PERCENTILES, By, EventStatistics
from app.settings import settings


def stats(  # noqa: PLR0917 - one parameter for each option
    since: Since = "24h",
    until: Until = None,
    by: Annotated[By | None, typer.Option(help="One row per each; `day` outlives the events.")] = None,
    client: Client = None,
    decision: Decided = None,
    direction: Towards = None,
    category: Category = None,
    as_json: AsJson = False,
) -> None:
    """Count events, their decisions and the time they took."""
    config = settings()
    which = chosen(since, until, client=client, decision=decision, direction=direction, category=category)
    with event_log(config) as connection:
        answer = EventStatistics(connection, config.clickhouse_database).summary(which, by)
    if as_json:
        typer.echo(to_json(answer))
    else:
        _print(answer, by)


def _print(answer: dict[str, Any], by: By | None) -> None:
    console = Console(highlight=False, markup=False)
    console.print(f"{answer['events']} events since {at(answer['since'])} UTC")
    if by is not None:
        table = _table(by.value)
        for row in answer["rows"]:
            _add(table, _key(row["key"]), row)
        console.print(table)
        return
    table = _table("")
    _add(table, "all", answer)
    console.print(table)
    if answer["latency_ms"]:
        table = Table("stage", *(name.replace("_", " ") for name in PERCENTILES))
        for stage in answer["latency_ms"]:
            table.add_row(stage["stage"].removesuffix("_ms"), *(number(stage[name]) for name in PERCENTILES))
        console.print(table)
    if answer["top_categories"]:
        table = Table("category", "events")
        for row in answer["top_categories"]:
            table.add_row(printable(row["category"]), str(row["events"]))
        console.print(table)


def _table(key: str) -> Table:
    table = Table(key)
    for name in (*COUNTS, *PERCENTILES):
        table.add_column(name.replace("_", " "), justify="right")
    return table


def _add(table: Table, key: str, row: dict[str, Any]) -> None:
    table.add_row(key, *(str(row[name]) for name in COUNTS), *(number(row[name]) for name in PERCENTILES))


def _key(key: object) -> str:
    if isinstance(key, datetime):
        return f"{key:%Y-%m-%d %H:%M}"
    return str(key) if isinstance(key, date) else printable(str(key))
