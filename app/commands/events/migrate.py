"""`vigil events migrate`: the schema of the event log."""

import typer

from app.commands.events.connection import event_store


def migrate() -> None:
    """Bring tables and retention up to date. Harmless to repeat; the logging worker does it when it starts."""
    with event_store() as store:
        done = store.migrate()
    for step in done:
        typer.echo(step)
    if not done:
        typer.echo("the event log is as it should be")
