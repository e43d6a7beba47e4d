"""`vigil streams`: provision streams and consumers, and compare them with the server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Annotated, TypeAlias, TypeVar

import typer
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.table import Table

from app.commands.backup import backup, restore
from app.commands.connection import jetstream, publishing
from app.errors import SettingsError, StartError, VigilError
from app.runtime import burial, provisioning
from app.runtime.findings import Finding, judge
from app.runtime.inspection import Stored, look
from app.settings import settings
from app.streams import CONSUMERS, VIGIL, stream_configs

cli = typer.Typer(no_args_is_help=True, help="Provision streams and consumers, compare them with the server.")

T = TypeVar("T")
Step: TypeAlias = Callable[[JetStreamContext, int], Awaitable[T]]
TRIES = 6

cli.command()(backup)
cli.command()(restore)

Replicas = Annotated[
    int | None,
    typer.Option(help="1 for development, 3 for production, 5 if you must. VIGIL_REPLICAS is the default."),
]


def _replicas(given: int | None) -> int:
    if given not in (None, 1, 3, 5):
        raise SettingsError(f"--replicas {given}: it is 1, 3 or 5")
    return given or settings().vigil_replicas


@cli.command()
def apply(
    replicas: Replicas = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to try again while the servers come up.")] = 0.0,
) -> None:
    """Create what is missing and change what the server allows to change."""
    attempt = partial(_run, provisioning.apply, _replicas(replicas))
    changes = asyncio.run(provisioning.apply_patiently(attempt, wait))
    for change in changes:
        typer.echo(f"{'REFUSED ' if change.refused else ''}{change}")
    if any(change.refused for change in changes):
        raise typer.Exit(1)


@cli.command()
def diff(replicas: Replicas = None) -> None:
    """Print each setting that drifted; exit 1 when there is one."""
    drifts = asyncio.run(_run(provisioning.diff, _replicas(replicas)))
    for drift in drifts:
        typer.echo(str(drift))
    if drifts:
        raise typer.Exit(1)
    typer.echo("streams and consumers are as they should be")


@cli.command()
def info() -> None:
    """Show what the server holds: messages, lag, redeliveries."""
    asyncio.run(_info())


@cli.command()
def check(
    replicas: Replicas = None,
    wait: Annotated[float, typer.Option(help="Seconds between the two looks that are compared.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, for programs.")] = False,
) -> None:
    """Find messages that are stuck or in nobody's care, and name the cure; exit 1 when something is wrong."""
    findings = asyncio.run(_findings(_replicas(replicas), wait))
    for finding in findings:
        typer.echo(json.dumps(asdict(finding), default=str) if as_json else _described(finding))
    if not findings and not as_json:
        typer.echo("nothing is stuck, nothing is left over")
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


@cli.command()
def bury(
    number: Annotated[int | None, typer.Argument(help="A message's number, as `check` shows it.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every message that `check` calls orphaned or unclaimed.")
    ] = False,
) -> None:
    """Move messages that no worker will get again to the dead letters, to be replayed or discarded there."""
    if (number is None) == (not every):
        raise VigilError("name one message by its number, or say --all")
    for finding, message in asyncio.run(_bury(number)):
        typer.echo(f"{message.number}  {finding.where}  {message.message_id or message.subject}")


def _described(finding: Finding) -> str:
    cures = "".join(f"\n      {command}" for command in finding.cure)
    return f"{'' if finding.fault else '(no fault) '}{finding}{cures}"


async def _findings(replicas: int, wait: float) -> list[Finding]:
    before = await _run(look, replicas)
    await asyncio.sleep(wait)
    return judge(before, await _run(look, replicas))


async def _bury(number: int | None) -> list[tuple[Finding, Stored]]:
    found = burial.buried(await _findings(settings().vigil_replicas, wait=2.0))
    chosen = [(finding, message) for message, finding in found.items() if number in (None, message.number)]
    if number is not None and not chosen:
        raise VigilError(
            f"message {number} is neither orphaned nor unclaimed: `vigil streams check` lists those that are"
        )
    async with jetstream() as js, publishing() as ledger:
        for finding, message in chosen:
            await burial.bury(js, ledger, message, finding)
    return chosen


async def _run(step: Step[T], replicas: int) -> T:
    """A step that may be repeated: a cluster that moves replicas leaves some questions unanswered meanwhile."""
    async with jetstream() as js:
        for _ in range(TRIES):
            with suppress(TimeoutError):
                return await step(js, replicas)
    raise StartError("JetStream does not answer: `vigil doctor` says whether the cluster has a leader")


async def _info() -> None:
    console = Console(highlight=False)
    async with jetstream() as js:
        table = Table("stream", "messages", "bytes", "replicas", "consumers")
        for config in stream_configs(1):
            try:
                stream = await js.stream_info(str(config.name))
            except NotFoundError:
                table.add_row(config.name, "missing", "", "", "")
                continue
            state = stream.state
            table.add_row(
                config.name,
                *map(str, (state.messages, state.bytes, stream.config.num_replicas, state.consumer_count)),
            )
        console.print(table)
        table = Table("consumer", "pending", "unacknowledged", "redelivered", "waiting pulls", "filters")
        for consumer in CONSUMERS:
            try:
                found = await js.consumer_info(VIGIL.name, consumer.durable)
            except NotFoundError:
                table.add_row(consumer.durable, "missing", "", "", "", "")
                continue
            counts = (found.num_pending, found.num_ack_pending, found.num_redelivered, found.num_waiting)
            table.add_row(consumer.durable, *map(str, counts), ", ".join(consumer.filters))
        console.print(table)
