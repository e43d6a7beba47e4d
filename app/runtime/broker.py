"""The one NATS connection of a process."""

import logging

from faststream.nats import NatsBroker
from faststream.security import SASLPlaintext

from app.settings import Settings

log = logging.getLogger("vigil.nats")

# A running handler may take this long after SIGTERM; then its message goes to another replica.
GRACEFUL_STOP_S = 20.0
# After that nothing is left to be drained. Two nodes of a cluster killed, a subscription of the client was seen to wait
# for its default, 30 s, and the process was killed in the end.
DRAIN_S = 3.0


def new_broker(settings: Settings, *, name: str) -> NatsBroker:
    """A broker that is not connected yet and, once it is, never gives up reconnecting."""

    async def on_error(error: Exception) -> None:
        log.warning("NATS: %s", str(error) or type(error).__name__)

    async def on_disconnect() -> None:
        log.warning("NATS: disconnected")

    async def on_reconnect() -> None:
        log.info("NATS: connected again")

    return NatsBroker(
        settings.nats_server_list,
        name=name,
        security=_security(settings),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        connect_timeout=2,
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
        graceful_timeout=GRACEFUL_STOP_S,
        drain_timeout=DRAIN_S,  # type: ignore[arg-type]  # nats-py waits for it with asyncio
        logger=None,
    )


def _security(settings: Settings) -> SASLPlaintext | None:
    if settings.nats_user is None:
        return None
    return SASLPlaintext(username=settings.nats_user, password=settings.nats_pass or "", use_ssl=False)
