"""`vigil events`: the event log."""

import typer

from app.commands.events import migrate

cli = typer.Typer(no_args_is_help=True, help="Ask the event log, and keep it in order.")
cli.command("migrate")(migrate.migrate)
