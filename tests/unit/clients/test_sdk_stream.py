"""Streams: what is sent and understood, whatever the pieces; both clients on a server that plays a script."""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import h11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk import ALLOW
from vigil_stream import (
    APIConnectionError,
    APITimeoutError,
    AsyncVigil,
    AuthenticationError,
    Blocked,
    InvalidAnswerError,
    OverloadedError,
    Vigil,
)
from vigil_stream.dialogue import Dialogue
from vigil_stream.options import Options

BLOCK = {"request_id": "req_1", "decision": "BLOCK", "threat_score": 90.0}
TEXTS: list[dict[str, Any]] = [
    {"type": "text", "text": "One. "},
    {"type": "withheld", "categories": ["leak"]},
    {"type": "text", "text": "Two."},
]
FULL = {"type": "error", "status": 503, "detail": "try again"}


def answer(*lines: dict[str, Any] | bytes, status: int = 200, end: bool = True) -> bytes:
    """An answer as a server sends it."""
    wire = h11.Connection(h11.SERVER)
    wire.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    wire.next_event()
    head = h11.Response(
        status_code=status, headers=[("Transfer-Encoding", "chunked"), ("X-Request-Id", "req_7")]
    )
    sent = wire.send(head) or b""
    for line in lines:
        data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        sent += wire.send(h11.Data(data)) or b""
    return sent + (wire.send(h11.EndOfMessage()) or b"" if end else b"")


def verdict(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "verdict", "verdict": of}


def dialogue(url: str = "http://vigil.test/below") -> Dialogue:
    return Dialogue(Options(url, "vk_test_key"), "A question", "fast")


@given(st.lists(st.text(max_size=20), max_size=10))
def test_the_request_carries_every_piece_as_a_line_of_its_own(pieces: list[str]) -> None:
    ours = dialogue()
    server = h11.Connection(h11.SERVER)
    server.receive_data(ours.begin() + b"".join(ours.piece(piece) for piece in pieces) + ours.end())
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", b"/below/v1/guard/output/stream")
    assert dict(request.headers)[b"authorization"] == b"Bearer vk_test_key"
    assert dict(request.headers)[b"host"] == b"vigil.test"
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    first, *rest = [json.loads(line) for line in body.splitlines()]
    assert first == {"text": "", "mode": "fast", "prompt": "A question"}
    assert [line["text"] for line in rest] == [piece for piece in pieces if piece]


@given(st.data())
def test_an_answer_is_understood_wherever_it_is_cut(data: st.DataObject) -> None:
    whole = answer(*TEXTS, {"type": "mood", "text": "of a newer server"}, verdict(ALLOW))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    ours = dialogue()
    ours.begin()
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        if start < end:
            ours.receive(whole[start:end])
    assert list(ours.texts) == ["One. ", "Two."]
    assert ours.withheld == [("leak",)]
    assert ours.over
    assert ours.error is None
    assert ours.verdict is not None
    assert ours.verdict.allowed


@pytest.mark.parametrize(
    ("sent", "error", "says"),
    [
        (answer(verdict(BLOCK)), Blocked, "the output was blocked"),
        (answer(FULL), OverloadedError, r"503 try again \(request req_7\)"),
        (answer(*TEXTS), APIConnectionError, "before its verdict"),
        (answer(*TEXTS, end=False), APIConnectionError, "broke off"),
        (b"", APIConnectionError, "broke off"),
        (answer(b"<h1>Welcome</h1>\n"), InvalidAnswerError, "address of a Vigil"),
        (answer({"status": 401, "detail": "unknown key"}, status=401), AuthenticationError, "401 unknown key"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", APIConnectionError, "broke off"),
    ],
)  # fmt: skip
def test_what_ends_an_answer(sent: bytes, error: type[Exception], says: str) -> None:
    ours = dialogue()
    ours.begin()
    ours.receive(sent)
    ours.receive(b"")
    assert ours.over
    with pytest.raises(error, match=says):
        raise ours.error or AssertionError("no error")


class Stage:
    """A server for one connection: reads until it has seen a text, then sends what its script says."""

    def __init__(
        self, *script: tuple[bytes, bytes], certificate: Path | None = None, abrupt: bool = False
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._listener = tls.wrap_socket(self._listener, server_side=True)
        self._script = script
        self._abrupt = abrupt
        self._thread = threading.Thread(target=self._play, daemon=True)

    def _play(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except ssl.SSLError:
            return  # the client does not trust it
        seen = b""
        with connection:
            for awaited, sent in self._script:
                while awaited not in seen:
                    seen += (data := connection.recv(65_536))
                    if not data:
                        return
                connection.sendall(sent)
            if self._abrupt:
                return
            # Not closed under what the client still sends: that would take the answer away from it.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass

    def __enter__(self) -> "Stage":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(20)
        self._listener.close()
        assert not self._thread.is_alive()


class Reader:
    """Reads a stream with one of the two clients; the model sees what was shown so far."""

    def __init__(self, asynchronous: bool) -> None:
        self.asynchronous = asynchronous
        self.shown: list[str] = []
        self.closed = False

    def read(self, url: str, model: Callable[[list[str]], Iterator[str]], **options: Any) -> Any:
        """The finished stream."""

        async def pieces() -> AsyncIterator[str]:
            try:
                for piece in model(self.shown):
                    yield piece
                    await asyncio.sleep(0.001)
            finally:
                self.closed = True

        def plain_pieces() -> Iterator[str]:
            try:
                yield from model(self.shown)
            finally:
                self.closed = True

        async def read() -> Any:
            async with AsyncVigil(url, "vk_test_key", **options) as vigil:
                stream = vigil.guard_stream(pieces())
                async for text in stream:
                    self.shown.append(text)
                return stream

        if self.asynchronous:
            return asyncio.run(read())
        with Vigil(url, "vk_test_key", **options) as vigil:
            stream = vigil.guard_stream(plain_pieces())
            for text in stream:
                self.shown.append(text)
            return stream


@pytest.fixture(params=["sync", "async"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(request.param == "async")


def words(*given: str) -> Callable[[list[str]], Iterator[str]]:
    return lambda _: iter(given)


def writes_on_until_shown(shown: list[str]) -> Iterator[str]:
    """A model that ends only after its first sentence was shown."""
    yield "first"
    until = time.monotonic() + 20
    while not shown:
        assert time.monotonic() < until, "nothing came out while the model was writing"
        time.sleep(0.002)
        yield "."
    yield "last"


WHOLE = answer(*TEXTS, verdict(ALLOW))
HEAD, REST = WHOLE[: WHOLE.index(b"withheld") - 12], WHOLE[WHOLE.index(b"withheld") - 12 :]


def test_sentences_come_out_while_the_model_writes(reader: Reader) -> None:
    with Stage((b"first", HEAD), (b"last", REST)) as stage:
        stream = reader.read(stage.url, writes_on_until_shown)
    assert reader.shown == ["One. ", "Two."]
    assert stream.verdict.allowed
    assert stream.withheld == (("leak",),)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stage")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(
        Encoding.PEM
    )
    (path := tmp_path / "stage.pem").write_bytes(pem)
    return path


def test_a_stream_is_encrypted_and_trusts_what_httpx_trusts(
    reader: Reader, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stage((b"first", HEAD), (b"last", REST), certificate=certificate) as stage:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert reader.read(stage.url, writes_on_until_shown).verdict.allowed
    assert reader.shown == ["One. ", "Two."]


def test_a_stream_trusts_nobody_else(reader: Reader, certificate: Path) -> None:
    with Stage(certificate=certificate) as stage, pytest.raises(APIConnectionError, match="certificate"):
        reader.read(stage.url, words("One."))


def test_a_block_stops_the_model(reader: Reader) -> None:
    def endless(_: list[str]) -> Iterator[str]:
        while True:
            yield "on and on"
            time.sleep(0.001)

    with Stage((b"on and on", answer(*TEXTS, verdict(BLOCK)))) as stage, pytest.raises(Blocked):
        reader.read(stage.url, endless)
    assert reader.shown == ["One. ", "Two."]
    assert reader.closed


def test_a_server_that_closes_under_a_flood_is_heard(reader: Reader) -> None:
    def flood(_: list[str]) -> Iterator[str]:
        for _number in range(3_000):
            yield "on and on"

    refusal = answer({"status": 401, "detail": "unknown key"}, status=401)
    with Stage((b"POST", refusal), abrupt=True) as stage, pytest.raises(AuthenticationError):
        reader.read(stage.url, flood)
    with Stage((b"on and on", answer(*TEXTS, verdict(BLOCK))), abrupt=True) as stage, pytest.raises(Blocked):
        reader.read(stage.url, flood)
    assert reader.closed


def test_an_error_of_the_model_is_its_own(reader: Reader) -> None:
    def broken(_: list[str]) -> Iterator[str]:
        yield "first"
        raise ConnectionResetError("the model has gone")

    with (
        Stage((b"first", b""), (b"never", b"")) as stage,
        pytest.raises(ConnectionResetError, match="the model"),
    ):
        reader.read(stage.url, broken)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ((b"0\r\n\r\n", answer({"status": 503, "detail": "full"}, status=503)), OverloadedError),
        ((b"POST", answer({"status": 401, "detail": "unknown key"}, status=401)), AuthenticationError),
        ((b"0\r\n\r\n", b""), APIConnectionError),
    ],
)
def test_errors_of_the_server_come_out(
    reader: Reader, script: tuple[bytes, bytes], error: type[Exception]
) -> None:
    with Stage(script) as stage, pytest.raises(error):
        reader.read(stage.url, words("One. ", "Two."))


def test_a_server_that_is_not_there_or_says_nothing(reader: Reader) -> None:
    with pytest.raises(APIConnectionError, match=r"no answer from http://127.0.0.1:9"):
        reader.read("http://127.0.0.1:9", words("One."))
    with Stage((b"0\r\n\r\n", b""), (b"never", b"")) as stage, pytest.raises(APITimeoutError):
        reader.read(stage.url, words("One."), timeout=0.2)


def test_pieces_are_texts_and_a_stream_is_read_once(reader: Reader) -> None:
    def wrong(_: list[str]) -> Iterator[Any]:
        yield {"delta": "One."}

    with Stage((b"never", b"")) as stage, pytest.raises(TypeError, match="of type dict"):
        reader.read(stage.url, wrong)
    with Stage((b"0\r\n\r\n", WHOLE)) as stage:
        stream = reader.read(stage.url, words("One."))
    with pytest.raises(RuntimeError, match="read once"):
        next(iter(stream)) if not reader.asynchronous else aiter(stream)
