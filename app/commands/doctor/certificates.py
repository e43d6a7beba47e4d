"""Certificates: how long those of the servers that are spoken to with TLS are still valid."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509

from app.commands.doctor.result import Result
from app.commands.service import api_url
from app.runtime.services import Services
from app.settings import REMOTE, Settings

TIMEOUT_S = 3.0
WARN_DAYS = 21
NATS_PORT, REDIS_PORT, HTTPS_PORT = 4222, 6379, 443


async def checks(config: Settings, services: Services) -> list[Result]:
    """One line for each server with TLS; none where there is none."""
    return list(
        await asyncio.gather(*(asyncio.to_thread(_check, *place) for place in _places(config, services)))
    )


def _places(config: Settings, services: Services) -> list[tuple[str, int, bool]]:
    places = []
    for url in services.nats_servers.split(","):
        parts = urlsplit(url.strip())
        if parts.scheme == "tls":
            places.append((parts.hostname or "", parts.port or NATS_PORT, True))
    if config.clickhouse_secure:
        places.append((services.clickhouse_host, services.clickhouse_port, False))
    redis = urlsplit(config.redis_url)
    if redis.scheme == "rediss":
        places.append((redis.hostname or "", redis.port or REDIS_PORT, False))
    for url in [getattr(config, name) for name in REMOTE] + [api_url()]:
        parts = urlsplit(url)
        if parts.scheme == "https":
            places.append((parts.hostname or "", parts.port or HTTPS_PORT, False))
    return list(dict.fromkeys(places))


def _check(host: str, port: int, greeted: bool) -> Result:
    name, address = "certificate", f"{host}:{port}"
    try:
        ends = expiry(host, port, greeted=greeted)
    except (OSError, ValueError) as error:
        return Result.fault(
            name, f"{address}: no TLS ({type(error).__name__})", "compare the address with the server"
        )
    days = (ends - datetime.now(UTC)).total_seconds() / 86_400
    said = f"{address}: valid until {ends:%Y-%m-%d}"
    if days < 0:
        return Result.fault(name, f"{address}: expired on {ends:%Y-%m-%d}", "renew it")
    return Result.warning(name, said, "renew it") if days < WARN_DAYS else Result.ok(name, said)


def expiry(host: str, port: int, *, greeted: bool = False) -> datetime:
    """When the server's certificate ends, whoever signed it.

    Args:
        host: name or address.
        port: of TLS.
        greeted: the server sends a line before TLS begins, as nats-server does.

    Raises:
        OSError: no connection, or no TLS there.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only the date is asked for; nothing is sent
    with socket.create_connection((host, port), timeout=TIMEOUT_S) as plain:
        if greeted:
            while not (said := plain.recv(4096)).endswith(b"\n"):
                if not said:
                    raise ConnectionResetError("it closed the connection")
        with context.wrap_socket(plain, server_hostname=host) as connection:
            found = connection.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(found or b"").not_valid_after_utc
