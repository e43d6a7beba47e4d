"""`vigil events`: the event log."""

import typer

from app.commands.events import export, forget, migrate, replay, show, stats, tail

cli = typer.Typer(no_args_is_help=True, help="Ask the event log, and keep it in order.")
cli.command("show")(show.show)
cli.command("tail")(tail.tail)
cli.command("stats")(stats.stats)
cli.command("export")(export.export)
cli.command("replay")(replay.replay)
cli.command("forget")(forget.forget)
cli.command("migrate")(migrate.migrate)
