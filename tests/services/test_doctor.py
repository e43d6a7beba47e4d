"""Parts of `vigil doctor` that want a server of a special kind."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_connection

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.commands.doctor import certificates, redis
from app.commands.doctor.clock import clock
from app.commands.doctor.result import Result, Status
from app.runtime.nats_server import find_executable
from app.runtime.ports import free_port
from app.runtime.services import Services
from app.settings import Settings

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOWHERE = Services("nats://127.0.0.1:1", "127.0.0.1", 1, "http://127.0.0.1:1")


def certificate(folder: Path, days: float) -> None:
    """A certificate that ends in `days`, and its key, in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.fixture
def tls_nats(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a nats-server with TLS, whose certificate ends in `request.param` days."""
    certificate(tmp_path, request.param)
    port = free_port()
    (tmp_path / "nats.conf").write_text(
        f'listen: "127.0.0.1:{port}"\ntls {{ cert_file: "cert.pem", key_file: "key.pem" }}\n'
    )
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen([find_executable(), "-c", "nats.conf"], cwd=tmp_path, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with suppress(OSError), closing(create_connection(("127.0.0.1", port), 1)):
                break
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.mark.parametrize(
    ("tls_nats", "status"),
    [(300, Status.OK), (20, Status.WARNING), (-1, Status.FAULT)],
    indirect=["tls_nats"],
)
async def test_the_certificate_of_a_nats_server_with_tls(tls_nats: int, status: Status) -> None:
    services = Services(f"tls://127.0.0.1:{tls_nats}", "127.0.0.1", 1, "http://127.0.0.1:1")
    (result,) = await certificates.checks(Settings(), services)
    assert result.status is status
    assert f"127.0.0.1:{tls_nats}" in result.said


async def test_a_server_that_hangs_up_before_its_greeting_is_a_fault() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        services = Services(f"tls://127.0.0.1:{port}", "127.0.0.1", 1, "http://127.0.0.1:1")
        (result,) = await asyncio.wait_for(certificates.checks(Settings(), services), 20)
    assert result.status is Status.FAULT
    assert "no TLS" in result.said


async def test_without_tls_there_is_no_certificate_to_check() -> None:
    assert not await certificates.checks(Settings(), NOWHERE)


async def test_redis_that_answers_and_one_that_hangs(redis_server, monkeypatch) -> None:
    config = Settings(redis_url=redis_server.url)
    found = await redis.checks(config, NOWHERE)
    assert [result.status for result in found] == [Status.OK, Status.OK]
    monkeypatch.setattr(redis, "PATIENCE_S", 0.2)
    redis_server.suspend()
    (hung,) = await redis.checks(config, NOWHERE)
    redis_server.resume()
    assert hung.status is Status.FAULT


async def test_several_api_processes_without_redis_are_worth_a_warning() -> None:
    (result,) = await redis.checks(Settings(vigil_api_processes=3), NOWHERE)
    assert result.status is Status.WARNING


@pytest.mark.parametrize(
    ("ahead_s", "resolution_s", "status"),
    [(0, 0, Status.OK), (0.9, 0, Status.OK), (1.2, 0, Status.FAULT), (-1.2, 0, Status.FAULT),
     (-1.2, 1, Status.OK), (-2.2, 1, Status.FAULT), (60, 1, Status.FAULT)],
)  # fmt: skip
def test_clocks_that_are_a_second_apart_are_a_fault(
    ahead_s: float, resolution_s: float, status: Status
) -> None:
    theirs = NOW + timedelta(seconds=ahead_s)
    result: Result = clock("clock", theirs, NOW, NOW + timedelta(seconds=0.01), resolution_s=resolution_s)
    assert result.status is status
