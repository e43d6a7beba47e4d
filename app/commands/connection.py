"""The operator's connection to NATS."""

import re
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

_USERINFO = re.compile(r"(?<=://)[^/@\s,]*@")


def without_password(address: str) -> str:
    """Addresses as they may be shown: without the user and password that may stand in them."""
    return _USERINFO.sub("", address)


@asynccontextmanager
async def jetstream() -> AsyncIterator[JetStreamContext]:
    """JetStream of NATS_SERVERS, or of the Vigil that runs on this data folder.

    Raises:
        StartError: no server answers, or it refuses the user.
    """
    config = settings()
    servers = find_services(config).nats_servers

    last: list[Exception] = []

    async def keep(error: Exception) -> None:
        """The last of them is told below, in one line."""
        last[:] = [error]

    try:
        connection = await nats.connect(
            servers.split(","),
            user=config.nats_user,
            password=config.nats_pass,
            connect_timeout=2,
            # A first connection is tried as often as a lost one, whatever allow_reconnect says: 60 times by default.
            max_reconnect_attempts=1,
            reconnect_time_wait=0.1,
            allow_reconnect=False,
            error_cb=keep,
        )
    except (NatsError, OSError, TimeoutError) as error:
        cause = last[0] if last else error
        reason = str(cause) or type(cause).__name__
        raise StartError(
            f"no NATS server answers at {without_password(servers)} ({reason}): set NATS_SERVERS or start it"
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
