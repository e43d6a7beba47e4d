"""`vigil events forget`: delete what is kept about a client."""

import asyncio
from typing import Annotated

import typer

from app.commands.connection import jetstream
from app.commands.events.connection import event_log
from app.errors import StartError
from app.events.connection import Connection
from app.events.forgetting import forget as delete
from app.events.forgetting import held
from app.runtime import dlq
from app.runtime.dead_letters import original_payload, request_part
from app.runtime.dlq import Filed
from app.settings import settings


def forget(
    client: Annotated[str, typer.Argument(help="The client, as its events name it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted and delete nothing.")
    ] = False,
) -> None:
    """Delete events, texts, counts, feedback and dead letters of CLIENT, for good.

    Revoke its keys first: what it sends later is logged again.
    """
    with event_log() as connection:
        asyncio.run(_forget(connection, settings().clickhouse_database, client, yes=yes, dry_run=dry_run))


async def _forget(connection: Connection, database: str, client: str, *, yes: bool, dry_run: bool) -> None:
    async with jetstream() as js:
        letters = [filed async for filed in dlq.letters(js) if _owner(filed) == client]
        found = held(connection, database, client) | {"dead letters": len(letters)}
        for what, number in found.items():
            typer.echo(f"{number:>9}  {what}")
        if dry_run or not any(found.values()):
            return
        if not yes and not typer.confirm(f"Delete all of this about {client} for good?"):
            raise StartError("nothing was deleted")
        for filed in letters:
            await dlq.discard(js, filed)
        delete(connection, database, client)
    typer.echo("deleted; ClickHouse removes the old files within ten minutes")


def _owner(filed: Filed) -> str | None:
    part = request_part(original_payload(filed.letter))
    return part.get("client_id") if part else None
