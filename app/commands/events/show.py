"""`vigil events show`: what is known of one request."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.commands.events.connection import event_log
from app.commands.events.display import at, decision, number, printable, to_json
from app.commands.events.options import AsJson
from app.errors import StartError
from app.events.queries import EventQueries
from app.events.statistics import STAGES
from app.events.texts import open_text, text_sealer
from app.settings import settings


def show(
    request_id: Annotated[str, typer.Argument(help="As the answer and its header X-Request-Id name it.")],
    as_json: AsJson = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The original text too, where it is kept (sealed).")
    ] = False,
) -> None:
    """Show what the event log knows of one request."""
    config = settings()
    with event_log(config) as connection:
        queries = EventQueries(connection, config.clickhouse_database)
        found = queries.find(request_id)
        sealed = queries.sealed_texts([row["event_id"] for row in found]) if raw else {}
    if not found:
        raise StartError(
            f"no event of request {request_id}: it is stored {config.flush_interval_ms / 1000:g} s after its verdict "
            "at the latest, and later while ClickHouse is away"
        )
    for row in found:
        if raw:
            text = sealed.get(row["event_id"])
            row["original_text"] = open_text(text_sealer(config), row["event_id"], text) if text else None
        if as_json:
            typer.echo(to_json(row))
        else:
            _print(row)


def _print(row: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("request", printable(row["request_id"]))
    table.add_row("decision", decision(row))
    table.add_row(
        "threat score", f"{number(row['threat_score'])}  (weighted {number(row['weighted_score'])})"
    )
    scores = ("branch_a_score", "branch_b_score", "branch_c_score")
    table.add_row("branches", "  ".join(f"{name[7].upper()} {number(row[name]) or '-'}" for name in scores))
    for name in ("floors", "degraded", "categories", "pii_types"):
        if row[name]:
            table.add_row(name.replace("_", " "), printable(", ".join(row[name])))
    table.add_row("client", printable(f"{row['client_id']}, {row['direction']}, {row['mode']}"))
    table.add_row("accepted", f"{at(row['accepted_at'])} UTC, stored {at(row['ingested_at'])}")
    spent = [f"{stage.removesuffix('_ms')} {row[stage]:.1f}" for stage in STAGES if row[stage] is not None]
    table.add_row("milliseconds", "  ".join(spent))
    if row["reason"]:
        table.add_row("reason", printable(row["reason"]))
    table.add_row("text", printable(row["redacted_text"]) or "not kept")
    if "original_text" in row:
        original = row["original_text"]
        table.add_row("original", "not kept" if original is None else printable(original))
    Console(highlight=False, markup=False).print(table)
