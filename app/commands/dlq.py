"""`vigil dlq`: look at dead letters, replay or discard them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from nats.js import JetStreamContext
from rich.console import Console
from rich.table import Table

from app.commands.connection import jetstream
from app.commands.letter_data import redacted_data
from app.errors import VigilError
from app.runtime import dlq
from app.runtime.dlq import Filed

cli = typer.Typer(no_args_is_help=True, help="Look at dead letters, replay or discard them.")

Worker = Annotated[str | None, typer.Option(help="Only this worker's: detection, arbiter, pii or logging.")]
Reason = Annotated[str | None, typer.Option(help="Only those whose error holds this text.")]
Number = Annotated[int | None, typer.Argument(help="The letter's number, as `list` shows it.")]
All = Annotated[bool, typer.Option("--all", help="Every letter that --worker and --reason leave.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and do nothing.")]


@cli.command("list")
def list_(
    worker: Worker = None, reason: Reason = None, as_json: Annotated[bool, typer.Option("--json")] = False
) -> None:
    """List dead letters, oldest first."""
    found = asyncio.run(_find(None, worker, reason))
    if as_json:
        for filed in found:
            typer.echo(
                json.dumps({"number": filed.number, **filed.letter.model_dump(mode="json", exclude=TEXTS)})
            )
        return
    table = Table("number", "time", "worker", "subject", "request", "deliveries", "error")
    for filed in found:
        letter = filed.letter
        table.add_row(
            str(filed.number), f"{letter.timestamp:%Y-%m-%d %H:%M:%S}", letter.worker, letter.original_subject,
            letter.request_id or "", str(letter.redelivery_count), f"{letter.error_type}: {letter.error}",
        )  # fmt: skip
    Console(highlight=False).print(table)
    typer.echo(f"{len(found)} dead letters")


@cli.command()
def show(
    number: Annotated[int, typer.Argument(help="The letter's number, as `list` shows it.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="The message as it was: it may hold personal data.")
    ] = False,
) -> None:
    """Show one dead letter, personal data in its message redacted unless asked otherwise."""
    (filed,) = asyncio.run(_find(number, None, None))
    letter = filed.letter.model_dump(mode="json")
    if not raw:
        from app.subscribers.engines import finder  # noqa: PLC0415 - an engine, which other commands do not need

        letter["original_data"] = asyncio.run(redacted_data(filed.letter, finder()))
    typer.echo(json.dumps({"number": filed.number, **letter}, indent=2, ensure_ascii=False))


@cli.command()
def replay(
    number: Number = None,
    every: All = False,
    worker: Worker = None,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> None:
    """Give messages back to the pipeline and drop their letters."""
    _act("replayed", dlq.replay, number, every, worker, reason, dry_run)


@cli.command()
def discard(
    number: Number = None,
    every: All = False,
    worker: Worker = None,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> None:
    """Drop dead letters for good."""
    _act("discarded", dlq.discard, number, every, worker, reason, dry_run)


TEXTS = {"original_data"}


def _act(  # noqa: PLR0917 - one parameter for each option of the commands
    done: str,
    step: Callable[[JetStreamContext, Filed], Awaitable[None]],
    number: int | None,
    every: bool,
    worker: str | None,
    reason: str | None,
    dry_run: bool,
) -> None:
    if (number is None) == (not every):
        raise VigilError(
            "name one letter by its number, or say --all (with --worker and --reason to narrow it)"
        )
    found = asyncio.run(_find(number, worker, reason, None if dry_run else step))
    for filed in found:
        letter = filed.letter
        typer.echo(
            f"{filed.number}  {letter.worker}  {letter.request_id or letter.original_subject}  {letter.error}"
        )
    typer.echo(f"{len(found)} {'would be ' if dry_run else ''}{done}")


async def _find(
    number: int | None,
    worker: str | None,
    reason: str | None,
    step: Callable[[JetStreamContext, Filed], Awaitable[None]] | None = None,
) -> list[Filed]:
    async with jetstream() as js:
        found = [
            filed
            async for filed in dlq.letters(js, worker=worker, reason=reason)
            if number is None or filed.number == number
        ]
        if number is not None and not found:
            raise VigilError(f"there is no dead letter number {number}")
        if step is not None:
            for filed in found:
                await step(js, filed)
    return found
