"""Copies of streams in files, with their messages and their consumers' state: JetStream's own snapshots.

A copy is a folder named after the stream with `backup.json` and `stream.tar.s2`: what `nats stream backup` writes and
`nats stream restore` reads.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from app.errors import VigilError

DESCRIPTION = "backup.json"
CONTENT = "stream.tar.s2"
CHUNK_BYTES = 128 * 1024
# The server packs before it sends, and unpacks after the last piece.
TIMEOUT_S = 60.0


NAME_IN_USE = 10130


class SnapshotFailed(VigilError):  # noqa: N818
    """The server did not give or take a copy; `code` is JetStream's."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Copied:
    """What a copy holds."""

    stream: str
    messages: int
    size: int  # bytes of the file


async def save(connection: Client, stream: str, folder: Path) -> Copied:
    """Write a copy of `stream` to a new folder of its name in `folder`, as it is at this moment.

    Raises:
        SnapshotFailed: the server refuses, or stops half way; what was written is removed.
        FileExistsError: there is a copy already.
    """
    place = folder / stream
    place.mkdir(mode=0o700, parents=True)
    try:
        size = 0
        with (place / CONTENT).open("wb") as file:
            async with aclosing(_pieces(connection, stream)) as pieces:
                description: dict[str, Any] = json.loads(await anext(pieces))
                async for piece in pieces:
                    size += file.write(piece)
        (place / DESCRIPTION).write_text(json.dumps(description, indent=2), encoding="utf-8")
    except BaseException:
        for file_name in (CONTENT, DESCRIPTION):
            (place / file_name).unlink(missing_ok=True)
        place.rmdir()
        raise
    return Copied(stream, int(description["state"]["messages"]), size)


async def restore(connection: Client, place: Path, replicas: int) -> Copied:
    """Create the stream of a copy anew, with its messages and consumers, on a server that has no stream of this name.

    Args:
        connection: to the server, a single one or a cluster.
        place: the folder of one copy.
        replicas: how many of the stream there are to be, whatever it had.

    Raises:
        SnapshotFailed: the folder holds no copy, or the server refuses it.
    """
    try:
        description = json.loads((place / DESCRIPTION).read_text(encoding="utf-8"))
        config, state = description["config"], description["state"]
        stream = str(config["name"])
    except (OSError, ValueError, KeyError):
        raise SnapshotFailed(f"{place}: there is no copy of a stream") from None
    question = {"config": {**config, "num_replicas": replicas}, "state": state}
    accepted = await _ask(
        connection, f"$JS.API.STREAM.RESTORE.{stream}", json.dumps(question).encode(), stream
    )
    size = 0
    with (place / CONTENT).open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            size += len(piece)
            # An empty answer asks for the next piece; anything else is a refusal.
            answer = await connection.request(accepted["deliver_subject"], piece, timeout=TIMEOUT_S)
            if answer.data:
                _checked(answer.data, stream)
    await _ask(connection, accepted["deliver_subject"], b"", stream)
    return Copied(stream, int(state["messages"]), size)


def copies(folder: Path) -> list[Path]:
    """The copies in `folder`."""
    return sorted(file.parent for file in folder.glob(f"*/{DESCRIPTION}"))


async def stream_names(connection: Client) -> set[str]:
    """Of all streams. A list of streams with their state leaves out those whose leader is slow to answer."""
    answer = await connection.request("$JS.API.STREAM.NAMES", timeout=TIMEOUT_S)
    return set(_checked(answer.data, "")["streams"] or ())


async def _pieces(connection: Client, stream: str) -> AsyncGenerator[bytes, None]:
    """The description of the copy, then its bytes."""
    inbox = connection.new_inbox()
    subscription = await connection.subscribe(inbox, pending_bytes_limit=-1)
    question = {"deliver_subject": inbox, "chunk_size": CHUNK_BYTES, "jsck": True}
    try:
        described = await _ask(
            connection, f"$JS.API.STREAM.SNAPSHOT.{stream}", json.dumps(question).encode(), stream
        )
        yield json.dumps({"config": described["config"], "state": described["state"]}).encode()
        while True:
            try:
                message = await subscription.next_msg(timeout=TIMEOUT_S)
            except TimeoutError:
                raise SnapshotFailed(f"stream {stream}: the server stopped sending its copy") from None
            if not message.data:
                break
            if message.reply:
                await message.respond(b"")
            yield message.data
        ended = message.headers or {}
        if "Status" in ended:
            raise SnapshotFailed(
                f"stream {stream}: the copy ended with {ended['Status']} {ended.get('Description', '')}"
            )
    finally:
        await asyncio.shield(subscription.unsubscribe())


async def _ask(connection: Client, subject: str, question: bytes, stream: str) -> dict[str, Any]:
    answer = await connection.request(subject, question, timeout=TIMEOUT_S)
    return _checked(answer.data, stream)


def _checked(answer: bytes, stream: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(answer)
    if error := said.get("error"):
        code = error.get("err_code")
        raise SnapshotFailed(f"stream {stream}: {error.get('description')} (code {code})", code)
    return said
