"""The command line: `vigil`."""

import sys

import typer

from app.commands import check, dlq, doctor, events, feedback, keys, policy, scan, serve, shadow, streams, up
from app.errors import VigilError

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Guard language-model applications.")
cli.command("up")(up.up)
cli.command("check")(check.check)
cli.command("scan")(scan.scan)
cli.command("doctor")(doctor.doctor)
cli.command("shadow")(shadow.shadow)
cli.command("serve")(serve.serve)
cli.add_typer(keys.cli, name="keys")
cli.add_typer(policy.cli, name="policy")
cli.add_typer(streams.cli, name="streams")
cli.add_typer(dlq.cli, name="dlq")
cli.add_typer(events.cli, name="events")
cli.add_typer(feedback.cli, name="feedback")


def main() -> None:
    """Run a command; an error of ours is one line on standard error."""
    try:
        cli()
    except VigilError as error:
        sys.exit(f"vigil: {error}")
