"""The operator's connection to NATS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from app.errors import StartError
from app.publishers import dead_letter, job_result, logs_event
from app.publishers.unsettled import PublishedLedger
from app.runtime.broker import new_broker
from app.runtime.services import find_services
from app.settings import settings


@asynccontextmanager
async def jetstream() -> AsyncIterator[JetStreamContext]:
    """JetStream of NATS_SERVERS, or of the Vigil that runs on this data folder.

    Raises:
        StartError: no server answers, or it refuses the user.
    """
    config = settings()
    servers = find_services(config).nats_servers

    async def quiet(_: Exception) -> None:
        """Errors of the attempts are summed up in one line below."""

    try:
        connection = await nats.connect(
            servers.split(","),
            user=config.nats_user,
            password=config.nats_pass,
            connect_timeout=2,
            allow_reconnect=False,
            error_cb=quiet,
        )
    except (NatsError, OSError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise StartError(
            f"no NATS server answers at {servers} ({reason}): set NATS_SERVERS or start it"
        ) from None
    try:
        yield connection.jetstream(timeout=5)
    finally:
        await connection.close()


@asynccontextmanager
async def publishing() -> AsyncIterator[PublishedLedger]:
    """What a worker reports the end of a message with, for the operator who ends one by hand."""
    config = settings().model_copy(update={"nats_servers": find_services(settings()).nats_servers})
    broker = new_broker(config, name="vigil-operator")
    broker.include_routers(dead_letter.router, logs_event.router, job_result.router)
    await broker.start()
    try:
        yield PublishedLedger()
    finally:
        await broker.stop()
