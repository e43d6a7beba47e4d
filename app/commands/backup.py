"""`vigil streams backup` and `restore`: what is waiting, dead letters, keys and policies, in files."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from app.commands.connection import jetstream
from app.errors import StartError, VigilError
from app.runtime import snapshot
from app.runtime.replicas import settle
from app.settings import settings
from app.streams import stream_configs

DELETION_TRIES = 10

Folder = Annotated[Path, typer.Argument(help="Holds a folder for each stream.")]


def backup(folder: Folder) -> None:
    """Copy every stream and bucket of Vigil into FOLDER. The copies hold texts under judgement: keep them safe."""
    if folder.exists() and any(folder.iterdir()):
        raise VigilError(f"{folder} is not empty: name a new folder")
    for copied in asyncio.run(_backup(folder)):
        typer.echo(f"{copied.stream}: {copied.messages} messages, {copied.size / 1e6:.1f} MB")


def restore(
    folder: Folder,
    replicas: Annotated[
        int | None, typer.Option(help="Of each stream; VIGIL_REPLICAS is the default.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete streams that exist, with all that is in them, first.")
    ] = False,
) -> None:
    """Create the streams of a backup anew, with messages and consumers, and wait until the server gives from them."""
    places = snapshot.copies(folder)
    if not places:
        raise VigilError(f"{folder} holds no backup: name the folder that `vigil streams backup` wrote")
    for copied in asyncio.run(_restore(places, replicas or settings().vigil_replicas, replace)):
        typer.echo(f"{copied.stream}: {copied.messages} messages")


async def _backup(folder: Path) -> list[snapshot.Copied]:
    copied = []
    async with jetstream() as js:
        for config in stream_configs(1):
            try:
                await js.stream_info(str(config.name))
            except NotFoundError:
                raise StartError(f"stream {config.name} does not exist: run `vigil streams apply`") from None
            copied.append(await snapshot.save(js._nc, str(config.name), folder))
    return copied


async def _restore(places: list[Path], replicas: int, replace: bool) -> list[snapshot.Copied]:
    copied = []
    async with jetstream() as js:
        known = await snapshot.stream_names(js._nc)
        if (there := [place.name for place in places if place.name in known]) and not replace:
            raise VigilError(
                f"{', '.join(there)} exist already: --replace deletes them first, with all that is in them"
            )
        for place in places:
            again = _anew if place.name in known else snapshot.restore
            copied.append(await again(js._nc, place, replicas))
        for done in copied:
            await settle(js, done.stream)
    return copied


async def _anew(connection: Client, place: Path, replicas: int) -> snapshot.Copied:
    # Nodes of a cluster take a moment to remove a stream. One that still has its files refuses the copy at the end, and
    # the stream without content that is left has to go as well.
    js = connection.jetstream()
    for _ in range(DELETION_TRIES):
        with suppress(NotFoundError):
            await js.delete_stream(place.name)
        await asyncio.sleep(1)
        try:
            return await snapshot.restore(connection, place, replicas)
        except snapshot.SnapshotFailed as refusal:
            if refusal.code != snapshot.NAME_IN_USE:
                raise
    raise VigilError(f"stream {place.name} could not be replaced: delete it, then restore again")
