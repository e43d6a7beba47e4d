"""`vigil keys`: make, list, revoke and rotate API keys."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from app.access.client import Scope
from app.access.key import Environment
from app.access.key_store import KeyStore, Listed, Made, open_store
from app.access.pepper import load_pepper
from app.commands.connection import jetstream
from app.moments import duration
from app.settings import settings

cli = typer.Typer(no_args_is_help=True, help="Make, list, revoke and rotate API keys.")

T = TypeVar("T")
KeyId = Annotated[str, typer.Argument(help="The key's id, as `list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@cli.command()
def create(
    client: Annotated[str, typer.Argument(help="Who will use it; names the client in events and policies.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it opens; may be repeated.")] = None,
    test: Annotated[bool, typer.Option("--test", help="A vk_test_ key.")] = False,
    expires: Annotated[str | None, typer.Option(help="Its lifetime: 12h, 90d. Without: for ever.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is printed once and cannot be shown again."""
    lifetime = None if expires is None else duration(expires, "--expires")
    environment = Environment.TEST if test else Environment.LIVE
    scopes = tuple(scope or (Scope.GUARD,))
    _print_made(_run(lambda store: store.create(client, scopes, environment, lifetime)), as_json)


@cli.command("list")
def list_(as_json: AsJson = False) -> None:
    """List keys, oldest first."""
    found = _run(KeyStore.records)
    if as_json:
        for listed in found:
            typer.echo(json.dumps(_fields(listed)))
        return
    table = Table("id", "client", "key", "scopes", "state", "created", "expires", "last used")
    for listed in found:
        fields = _fields(listed)
        table.add_row(
            fields["key_id"], fields["client_id"], fields["hint"], " ".join(fields["scopes"]), fields["state"],
            *(_short(fields[name]) for name in ("created_at", "expires_at", "used_at")),
        )  # fmt: skip
    Console(highlight=False).print(table)


@cli.command()
def revoke(key_id: KeyId) -> None:
    """End a key. Every API process refuses it within two seconds."""
    record = _run(lambda store: store.revoke(key_id))
    typer.echo(f"revoked {record.key_id} of {record.client_id}")


@cli.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option(help="How long the old key still works: 0s, 30m, 24h.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Make a successor with the same client and scopes; the old key ends after the overlap."""
    both = duration(overlap, "--overlap")
    made, old = _run(lambda store: store.rotate(key_id, both))
    _print_made(made, as_json)
    typer.echo(f"{old.key_id} works until {_short(str(old.expires_at))} UTC", err=True)


def _run(work: Callable[[KeyStore], Awaitable[T]]) -> T:
    async def connected() -> T:
        config = settings()
        pepper = load_pepper(config)
        async with jetstream() as js:
            return await work(await open_store(js, pepper))

    return asyncio.run(connected())


def _print_made(made: Made, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"key": made.key, **_fields(Listed(made.record, None))}))
        return
    record = made.record
    typer.echo(made.key)
    typer.echo(
        f"{record.key_id} for {record.client_id}, opens {' '.join(record.scopes)}, "
        f"{'expires ' + _short(str(record.expires_at)) + ' UTC' if record.expires_at else 'does not expire'}. "
        "The key is shown this once.",
        err=True,
    )


def _fields(listed: Listed) -> dict[str, Any]:
    record = listed.record
    return {
        **record.model_dump(mode="json", exclude={"digest", "pepper"}),
        "state": record.state(datetime.now(UTC)).value,
        "used_at": listed.used_at and listed.used_at.isoformat(),
    }


def _short(time: object) -> str:
    return str(time)[:16].replace("T", " ") if time else ""
