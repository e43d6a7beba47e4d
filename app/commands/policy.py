"""`vigil policy`: what a client's texts are judged by."""

import asyncio
import difflib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import yaml
from rich.console import Console
from rich.table import Table

from app.access.policy_document import PolicyDocument, parse_policy
from app.access.policy_store import DEFAULT, PolicyStore, open_policies
from app.commands.connection import jetstream
from app.errors import StartError, VigilError

cli = typer.Typer(no_args_is_help=True, help="What a client's texts are judged by.")

T = TypeVar("T")
ClientId = Annotated[
    str, typer.Argument(metavar="CLIENT", help=f"As `vigil keys list` names it; `{DEFAULT}` for all others.")
]


@cli.command()
def get(
    client: ClientId,
    version: Annotated[int | None, typer.Option(help="An earlier version.")] = None,
    every: Annotated[bool, typer.Option("--all", help="With the fields that were not set.")] = False,
) -> None:
    """Print a policy as JSON."""
    fields = _run(lambda store: _fields(store, client, version))
    typer.echo(_json(parse_policy(fields).model_dump(mode="json", exclude={"version"}) if every else fields))


@cli.command("set")
def set_(
    client: ClientId,
    file: Annotated[str, typer.Argument(help="JSON or YAML; `-` reads standard input.")],
) -> None:
    """Store a new version. It acts within two seconds; fields that FILE leaves out have their defaults."""
    fields = read_policy(file)
    stored = _run(lambda store: store.set(client, fields))
    typer.echo(f"policy of {client}: version {stored.version}")


@cli.command()
def diff(
    client: ClientId,
    one: Annotated[str, typer.Argument(help="A version, or a file.")],
    other: Annotated[str | None, typer.Argument(help="A version, or a file; the latest by default.")] = None,
) -> None:
    """Print what differs between two versions, or between a file and the latest one; exit 1 when something does."""

    async def both(store: PolicyStore) -> tuple[list[str], list[str]]:
        return await _side(store, client, one), await _side(store, client, other)

    first, second = _run(both)
    names = (one, other or "latest")
    lines = list(difflib.unified_diff(first, second, *names, n=1, lineterm=""))
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)


@cli.command()
def history(client: ClientId) -> None:
    """List the versions, oldest first."""
    table = Table("version", "changed", "by", "fields")
    for stored in _run(lambda store: store.history(client)):
        table.add_row(
            str(stored.version),
            f"{stored.changed_at:%Y-%m-%d %H:%M:%S}",
            stored.changed_by,
            ", ".join(stored.policy),
        )
    Console(highlight=False).print(table)


def stored_policy(client: str) -> PolicyDocument:
    """The latest policy of a client.

    Raises:
        VigilError: there is none.
    """
    latest = _run(lambda store: store.get(client))
    if latest is None:
        raise VigilError(f"no policy is stored for {client}, and there is no such file")
    return latest.document()


async def _fields(store: PolicyStore, client: str, version: int | None) -> dict[str, Any]:
    if version is None:
        latest = await store.get(client)
        return latest.policy if latest else {}
    for stored in await store.history(client):
        if stored.version == version:
            return stored.policy
    raise VigilError(
        f"{client} has no policy of version {version}: `vigil policy history {client}` lists them"
    )


async def _side(store: PolicyStore, client: str, name: str | None) -> list[str]:
    if name is None or name.isdigit():
        fields = await _fields(store, client, None if name is None else int(name))
    else:
        fields = read_policy(name)
    return _json(parse_policy(fields).model_dump(mode="json", exclude={"version"})).splitlines()


def read_policy(file: str) -> dict[str, Any]:
    """The fields of a policy in a file, checked; `-` reads standard input.

    Raises:
        StartError: the file cannot be read.
        VigilError: what it holds is no policy.
    """
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        fields = yaml.safe_load(text)  # JSON is YAML
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"{file} is neither JSON nor YAML: {' '.join(str(error).split())}") from None
    parse_policy(fields)
    return dict(fields)


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, indent=2, ensure_ascii=False)


def _run(work: Callable[[PolicyStore], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with jetstream() as js:
            return await work(await open_policies(js))

    return asyncio.run(connected())
