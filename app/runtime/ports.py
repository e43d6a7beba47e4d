"""TCP ports on the loopback interface."""

import random
import socket
from collections.abc import Collection

from app.errors import StartError

LOOPBACK = "127.0.0.1"
# Below Linux's range for outgoing connections (32768 and up): a client that keeps trying a stopped server on
# a port of that range can be given this very port as its own and connect to itself, and then the server
# cannot come back.
FREE_PORTS = range(15_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True when a server could listen on `port` of `host`, an address of the loopback interface, now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(exclude: Collection[int] = ()) -> int:
    """A port nobody listens on now, not in `exclude`. Another program may take it before you do.

    Raises:
        StartError: none of 200 random ports was free.
    """
    for port in random.sample(FREE_PORTS, 200):
        if port not in exclude and is_free(port):
            return port
    raise StartError(f"no free port found between {FREE_PORTS.start} and {FREE_PORTS.stop - 1}")


def choose_port(
    preferred: int, *, explicit: int | None, setting: str, exclude: Collection[int] = (), host: str = LOOPBACK
) -> int:
    """The port to listen on: `explicit` when the operator set one, else `preferred` if free, else a free one.

    Args:
        preferred: the port that people expect this server on.
        explicit: what the operator set, None for "any will do".
        setting: the name of the setting behind `explicit`, for the message.
        exclude: ports that are spoken for.
        host: an address of the loopback interface.

    Raises:
        StartError: `explicit` is taken.
    """
    if explicit is not None:
        if explicit in exclude or not is_free(explicit, host):
            raise taken(explicit, setting)
        return explicit
    if preferred not in exclude and is_free(preferred, host):
        return preferred
    return free_port(exclude)


def taken(port: int, setting: str) -> StartError:
    """The error for a port that the operator set and another program holds."""
    return StartError(f"port {port} is taken by another program: set {setting} to a free one or stop it")
