"""One streamed request and its answer, at the same time: text in, bytes out; bytes in, text out. No I/O.

httpx sends a whole body before it reads an answer. Here sentences come back while the model still writes, so that the
messages are framed with h11, which is what httpx frames them with.
"""

import json
import time
from collections import deque

import h11
import httpx
from pydantic import ValidationError

from vigil_stream.answers import failure
from vigil_stream.errors import APIConnectionError, Blocked, InvalidAnswerError, VigilError, status_error
from vigil_stream.exchange import common_headers
from vigil_stream.models.line import Line
from vigil_stream.models.problem import Problem
from vigil_stream.models.verdict import Verdict
from vigil_stream.options import Options

PATH = "/v1/guard/output/stream"


class Dialogue:
    """What is to be sent, and what has come.

    Attributes:
        texts: to be shown, in order; whoever shows them takes them out.
        verdict: on the whole, once it is there.
        withheld: the categories of each window that was cut out.
        over: nothing more will come.
        error: what ended it, if not a verdict that lets it pass.
    """

    def __init__(self, options: Options, prompt: str | None, mode: str) -> None:
        self.texts: deque[str] = deque()
        self.verdict: Verdict | None = None
        self.withheld: list[tuple[str, ...]] = []
        self.over = False
        self.error: VigilError | Blocked | None = None
        self._options = options
        self._first = {"text": "", "mode": str(mode)} | ({} if prompt is None else {"prompt": prompt})
        self._url = httpx.URL(options.url + PATH)
        self._wire = h11.Connection(h11.CLIENT)
        self._response: h11.Response | None = None
        self._body = b""

    def begin(self) -> bytes:
        """The head of the request, and the line that says what will come."""
        headers = {
            **common_headers(self._options),
            "Host": self._url.netloc.decode("ascii"),
            "Accept": "application/x-ndjson, application/problem+json",
            "Content-Type": "application/x-ndjson",
            "Transfer-Encoding": "chunked",
            "Connection": "close",
        }
        head = self._wire.send(
            h11.Request(method="POST", target=self._url.raw_path, headers=list(headers.items()))
        )
        return (head or b"") + self._line(self._first)

    def piece(self, text: str) -> bytes:
        """The next piece of the model's answer."""
        return self._line({"text": text}) if text else b""

    def end(self) -> bytes:
        """The model has said all."""
        return self._wire.send(h11.EndOfMessage()) or b""

    def _line(self, line: dict[str, str]) -> bytes:
        return self._wire.send(h11.Data(json.dumps(line).encode("ascii") + b"\n")) or b""

    def receive(self, data: bytes) -> None:
        """What the server sent; nothing, when it has closed the connection."""
        if self.over:
            return
        try:
            self._wire.receive_data(data)
            while not self.over:
                event = self._wire.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._on(event)
        except h11.RemoteProtocolError as error:
            self.fail(APIConnectionError(f"the answer of {self._where} broke off: {error}"))

    def fail(self, error: VigilError) -> None:
        """End it, unless it has ended already."""
        if not self.over:
            self.over, self.error = True, error

    @property
    def _where(self) -> str:
        return f"{self._url.scheme}://{self._url.netloc.decode('ascii')}"

    def _on(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self._response = event
        elif isinstance(event, h11.Data):
            self._body += event.data
            if self._good:
                self._read_lines()
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            self.fail(self._no_verdict())

    @property
    def _good(self) -> bool:
        return self._response is not None and self._response.status_code == 200

    def _read_lines(self) -> None:
        *lines, self._body = self._body.split(b"\n")
        for text in lines:
            try:
                self._read(Line.model_validate_json(text))
            except ValidationError:
                self.fail(
                    InvalidAnswerError(
                        f"{self._where} sent a line that is none: is this the address of a Vigil?"
                    )
                )
            if self.over:
                return

    def _read(self, line: Line) -> None:
        if line.type == "text" and line.text:
            self.texts.append(line.text)
        elif line.type == "withheld":
            self.withheld.append(line.categories or ())
        elif line.type == "error":
            problem = Problem(status=line.status or 500, title=line.title or "", detail=line.detail or "")
            self.fail(status_error(problem, request_id=self._request_id))
        elif line.verdict is not None:
            self.verdict, self.over = line.verdict, True
            if line.verdict.blocked:
                self.error = Blocked(line.verdict, "output")

    def _no_verdict(self) -> VigilError:
        if self._response is None or self._good:
            return APIConnectionError(f"the answer of {self._where} broke off before its verdict")
        answer = httpx.Response(self._response.status_code, headers=self._headers, content=self._body)
        return failure(answer, time.time())

    @property
    def _headers(self) -> list[tuple[bytes, bytes]]:
        # h11 has taken the body out of its transfer coding already.
        given = self._response.headers if self._response is not None else []
        return [
            (name, value) for name, value in given if name not in (b"transfer-encoding", b"content-length")
        ]

    @property
    def _request_id(self) -> str | None:
        name = httpx.Headers(self._headers).get("X-Request-Id")
        return None if name is None else str(name)
