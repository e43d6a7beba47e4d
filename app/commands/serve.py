"""`vigil serve`: one engine by itself, under the contract of its remote form."""

from typing import Annotated

import typer
import uvicorn

from app.errors import SettingsError
from app.remote.engines import ENGINES
from app.runtime import logs
from app.runtime.ports import choose_port
from app.settings import settings

_LIST = "; ".join(f"{name} ({engine.summary}, port {engine.port})" for name, engine in ENGINES.items())


def serve(
    engine: Annotated[str, typer.Argument(help=f"Which one: {_LIST}.")],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Instead of the engine's own.")] = None,
    host: Annotated[
        str, typer.Option(help="The service asks for no key: keep it where only Vigil gets.")
    ] = "127.0.0.1",
) -> None:
    """Serve ENGINE by itself until Ctrl-C."""
    if engine not in ENGINES:
        raise SettingsError(f"there is no engine {engine}: it is one of {', '.join(ENGINES)}")
    served = ENGINES[engine]
    address = choose_port(served.port, explicit=port or served.port, setting="--port")
    logs.configure(settings().vigil_log_level, settings().vigil_log_format)
    application = served.application()
    typer.echo(f"Vigil serves {engine}: http://{host}:{address}")
    uvicorn.run(
        application, host=host, port=address, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=10,
    )  # fmt: skip
