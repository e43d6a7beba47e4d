"""`vigil events export`: events for other programs."""

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from app.commands.events.connection import event_log
from app.commands.events.display import to_json
from app.commands.events.options import Category, Client, Decided, Ended, Since, Towards, Until, chosen
from app.commands.events.parquet import write_parquet
from app.errors import StartError
from app.events.queries import RESULT, EventQueries
from app.settings import settings

# A spreadsheet takes a cell that begins with one of these for a formula, and texts come from attackers.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """How events are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def export(  # noqa: PLR0917 - one parameter for each option
    form: Annotated[Format, typer.Option("--format", help="How they are written.")] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="Where to; standard output by default.")] = None,
    since: Since = "24h",
    until: Until = None,
    client: Client = None,
    decision: Decided = None,
    outcome: Ended = None,
    direction: Towards = None,
    category: Category = None,
) -> None:
    """Write events, oldest first, with the columns of the table."""
    config = settings()
    which = chosen(
        since,
        until,
        client=client,
        decision=decision,
        outcome=outcome,
        direction=direction,
        category=category,
    )
    if form is Format.PARQUET and out is None:
        raise StartError("a Parquet file is written from both ends: name it with --out FILE")
    with event_log(config) as connection:
        rows = EventQueries(connection, config.clickhouse_database).every(which)
        try:
            count = _write(rows, form, out)
        except OSError as error:
            raise StartError(f"{error.filename or out}: {error.strerror}") from None
    typer.echo(f"{count} events", err=True)


def _write(rows: Iterable[dict[str, Any]], form: Format, out: Path | None) -> int:
    if form is Format.PARQUET:
        assert out is not None  # noqa: S101 - checked above
        return write_parquet(rows, out)
    with _output(out) as output:
        return sum(1 for _ in (_lines if form is Format.JSONL else _cells)(rows, output))


def _output(out: Path | None) -> AbstractContextManager[IO[str]]:
    return nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8", newline="")


def _lines(rows: Iterable[dict[str, Any]], output: IO[str]) -> Iterator[None]:
    for row in rows:
        output.write(to_json(row) + "\n")
        yield


def _cells(rows: Iterable[dict[str, Any]], output: IO[str]) -> Iterator[None]:
    writer = csv.writer(output)
    writer.writerow(RESULT)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in RESULT])
        yield


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else to_json(value).strip('"')
    return f"'{text}" if text.startswith(_FORMULA) else text
