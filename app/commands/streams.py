"""`vigil streams`: provision streams and consumers, and compare them with the server."""

import asyncio
from typing import Annotated, Any

import typer
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.table import Table

from app.commands.connection import jetstream
from app.errors import SettingsError
from app.runtime import provisioning
from app.settings import settings
from app.streams import CONSUMERS, VIGIL, stream_configs

cli = typer.Typer(no_args_is_help=True, help="Provision streams and consumers, compare them with the server.")

Replicas = Annotated[
    int | None,
    typer.Option(help="1 for development, 3 for production, 5 if you must. VIGIL_REPLICAS is the default."),
]


def _replicas(given: int | None) -> int:
    if given not in (None, 1, 3, 5):
        raise SettingsError(f"--replicas {given}: it is 1, 3 or 5")
    return given or settings().vigil_replicas


@cli.command()
def apply(replicas: Replicas = None) -> None:
    """Create what is missing and change what the server allows to change."""
    changes = asyncio.run(_run(provisioning.apply, _replicas(replicas)))
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


async def _run(step: Any, replicas: int) -> Any:
    async with jetstream() as js:
        return await step(js, replicas)


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
