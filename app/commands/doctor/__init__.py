"""`vigil doctor`: every part of a deployment, what is wrong with it, and what to do."""

import asyncio
import json
from dataclasses import asdict
from types import ModuleType
from typing import Annotated

import typer

from app.commands.doctor import certificates, clickhouse, configuration, engines, nats, pipeline, redis
from app.commands.doctor.result import Result, Status
from app.runtime.services import Services, find_services
from app.settings import Settings

# One part of the deployment each; what hangs on a part is looked at after it.
PARTS = (nats, clickhouse, redis, engines, certificates, pipeline)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line, for programs.")] = False,
) -> None:
    """Check a whole deployment: one line a check, exit 1 when something is wrong. Changes nothing, prints no secret."""
    results = asyncio.run(examine())
    for result in results:
        typer.echo(json.dumps(asdict(result)) if as_json else str(result))
    if any(result.status is Status.FAULT for result in results):
        raise typer.Exit(1)


async def examine() -> list[Result]:
    """The results of all checks, in the order of the parts; a check that fails itself is a fault, too."""
    config, results = configuration.checks()
    if config is None:
        return results
    services = find_services(config)
    parts = await asyncio.gather(*(_examined(part, config, services) for part in PARTS))
    return [*results, *(result for part in parts for result in part)]


async def _examined(part: ModuleType, config: Settings, services: Services) -> list[Result]:
    name = part.__name__.rpartition(".")[2]
    try:
        found: list[Result] = await part.checks(config, services)
    except Exception as error:
        return [Result.fault(name, f"the check itself failed: {type(error).__name__}", "report it")]
    return found
