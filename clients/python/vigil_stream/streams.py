"""A model's answer, judged while it is written."""

import asyncio
import socket
import ssl
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import ExitStack, closing, suppress
from typing import Any, Protocol, runtime_checkable

import httpx

from vigil_stream.dialogue import Dialogue
from vigil_stream.errors import APIConnectionError, APITimeoutError, VigilError
from vigil_stream.models.verdict import Verdict
from vigil_stream.options import Options

READ_BYTES = 65_536


class _Stream:
    """What a stream is, whoever waits for it."""

    def __init__(self, options: Options, prompt: str | None, mode: str) -> None:
        self._options = options
        self._dialogue = Dialogue(options, prompt, mode)
        self._url = httpx.URL(options.url)
        self._begun = False

    @property
    def verdict(self) -> Verdict | None:
        """On the whole; None before the end."""
        return self._dialogue.verdict

    @property
    def withheld(self) -> tuple[tuple[str, ...], ...]:
        """The categories of each window that was cut out so far."""
        return tuple(self._dialogue.withheld)

    def _begin(self) -> None:
        if self._begun:
            raise RuntimeError("a stream is read once")
        self._begun = True

    @property
    def _port(self) -> int:
        return self._url.port or (443 if self._url.scheme == "https" else 80)

    def _lost(self, error: OSError) -> VigilError:
        where = f"{self._url.scheme}://{self._url.netloc.decode('ascii')}"
        if isinstance(error, TimeoutError):
            return APITimeoutError(f"{where} did not answer in time")
        return APIConnectionError(f"no answer from {where}: {str(error) or type(error).__name__}")

    def _taken(self) -> Iterator[str]:
        while self._dialogue.texts:
            yield self._dialogue.texts.popleft()


@runtime_checkable
class Closable(Protocol):
    """A generator, or a response that a model writes."""

    def close(self) -> object:
        """Stop it."""


@runtime_checkable
class AsyncClosable(Protocol):
    """The same for asyncio."""

    async def aclose(self) -> object:
        """Stop it."""


def _text(piece: object) -> str:
    if not isinstance(piece, str):
        raise TypeError(f"a piece of an answer is a str, this is of type {type(piece).__name__}")
    return piece


class GuardedStream(_Stream):
    """Iterate over it: sentences that may be shown, each as soon as it was judged.

    Pieces are taken from the model in the same thread: what was judged meanwhile comes out with the next piece.
    """

    def __init__(self, options: Options, pieces: Iterable[str], prompt: str | None, mode: str) -> None:
        super().__init__(options, prompt, mode)
        self._pieces = pieces

    def __iter__(self) -> Generator[str, None, None]:
        self._begin()
        dialogue = self._dialogue
        try:
            connection = self._connect()
        except OSError as error:
            raise self._lost(error) from error
        with closing(connection):
            self._send(connection, dialogue.begin())
            for piece in self._pieces:
                # What has come is read first: to write to a server that has closed can destroy what it said before.
                self._receive(connection, wait=False)
                if not dialogue.over:
                    self._send(connection, dialogue.piece(_text(piece)))
                yield from self._taken()
                if dialogue.over:
                    if isinstance(self._pieces, Closable):
                        self._pieces.close()  # the model need not write on
                    break
            else:
                self._send(connection, dialogue.end())
            while not dialogue.over:
                self._receive(connection, wait=True)
                yield from self._taken()
        if dialogue.error is not None:
            raise dialogue.error

    def _connect(self) -> socket.socket:
        plain = socket.create_connection((self._url.host, self._port), self._options.timeout)
        # A small piece is not held back until the one before has been acknowledged.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._url.scheme == "http":
            return plain
        with ExitStack() as unless_wrapped:
            unless_wrapped.callback(plain.close)
            wrapped = httpx.create_ssl_context().wrap_socket(plain, server_hostname=self._url.host)
            unless_wrapped.pop_all()
        return wrapped

    def _send(self, connection: socket.socket, data: bytes) -> None:
        try:
            connection.settimeout(self._options.timeout)
            connection.sendall(data)
        except OSError as error:
            # It may have answered, an error for instance, and closed: that tells more than this does.
            with suppress(OSError):
                while data := connection.recv(READ_BYTES):
                    self._dialogue.receive(data)
            self._dialogue.fail(self._lost(error))

    def _receive(self, connection: socket.socket, *, wait: bool) -> None:
        """Take what has come; at least something when `wait` is set."""
        try:
            connection.settimeout(self._options.timeout if wait else 0.0)
            self._dialogue.receive(connection.recv(READ_BYTES))
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            self._dialogue.fail(self._lost(error))


class AsyncGuardedStream(_Stream):
    """Iterate over it: sentences that may be shown, each as soon as it was judged."""

    def __init__(self, options: Options, pieces: AsyncIterable[str], prompt: str | None, mode: str) -> None:
        super().__init__(options, prompt, mode)
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[str]:
        self._begin()
        return self._sentences()

    async def _sentences(self) -> AsyncGenerator[str, None]:
        dialogue = self._dialogue
        tls = httpx.create_ssl_context() if self._url.scheme == "https" else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._options.timeout):
                transport, wire = await loop.create_connection(
                    lambda: _Wire(dialogue, self._lost), self._url.host, self._port, ssl=tls
                )
        except OSError as error:
            raise self._lost(error) from error
        writing = asyncio.create_task(self._write(transport, wire))
        try:
            while not dialogue.over:
                await self._news(wire, writing)
                for text in self._taken():
                    yield text
        finally:
            await _ended(writing)
            transport.abort()
            await wire.lost.wait()
        if dialogue.error is not None:
            raise dialogue.error

    async def _write(self, transport: asyncio.Transport, wire: "_Wire") -> None:
        await self._send(transport, wire, self._dialogue.begin())
        try:
            async for piece in self._pieces:
                await self._send(transport, wire, self._dialogue.piece(_text(piece)))
        finally:
            if isinstance(self._pieces, AsyncClosable):
                await self._pieces.aclose()  # the model need not write on
        await self._send(transport, wire, self._dialogue.end())

    async def _send(self, transport: asyncio.Transport, wire: "_Wire", data: bytes) -> None:
        await wire.writable.wait()
        # What has come is read first (one turn of the loop to see it, one to read it): to write to a server that has
        # closed destroys what it said before.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not self._dialogue.over:
            transport.write(data)

    async def _news(self, wire: "_Wire", writing: asyncio.Task[None]) -> None:
        """Wait until something has come. As long as the model writes, it may take its time."""
        news = asyncio.create_task(wire.news.wait())
        try:
            await asyncio.wait({news, writing}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done() and not self._dialogue.over:
                writing.result()  # raises what the model raised
                await asyncio.wait({news}, timeout=self._options.timeout)
                if not news.done():
                    self._dialogue.fail(self._lost(TimeoutError()))
            wire.news.clear()
        finally:
            await _ended(news)


class _Wire(asyncio.Protocol):
    """Gives the dialogue at once what has come: a stream reader would drop it when the connection breaks.

    Attributes:
        news: something has come.
        writable: the other side keeps up.
        lost: the connection is closed.
    """

    def __init__(self, dialogue: Dialogue, reason: Callable[[OSError], VigilError]) -> None:
        self._dialogue = dialogue
        self._reason = reason
        self.news = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._dialogue.receive(data)
        self.news.set()

    def eof_received(self) -> None:
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._dialogue.fail(self._reason(exc))
        self.data_received(b"")
        self.writable.set()
        self.lost.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()


async def _ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task whose outcome is of no interest, and wait until it is over."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
