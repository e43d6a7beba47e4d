"""Addresses for the containers of one cluster: a /24 of the loopback interface."""

import random
from collections.abc import Sequence

from app.errors import StartError
from app.runtime.ports import is_free

PREFERRED = "127.86.1"
FIRST = 10
PORTS = (4222, 6222, 8222, 9000, 6379, 8080, 9464)


def addresses(count: int) -> Sequence[str]:
    """As many addresses of one network on which nobody listens.

    Raises:
        StartError: there is no such network. Only Linux gives the whole of 127.0.0.0/8 to the loopback interface.
    """
    tried = [PREFERRED, *(f"127.{random.randint(1, 254)}.{random.randint(0, 254)}" for _ in range(20))]  # noqa: S311
    for network in tried:
        found = [f"{network}.{FIRST + number}" for number in range(count)]
        if all(is_free(port, address) for address in found for port in PORTS):
            return found
    raise StartError(
        "no addresses are free in 127.0.0.0/8, or this machine has only 127.0.0.1: Linux has all of them"
    )
