"""A model server of the tests on loopback: it says what it is told to, and remembers what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Model:
    """chat/completions. `says` is its answer; streamed, it comes in pieces of eight characters.

    `message` is said as well, each time; of `turns`, one each time.
    """

    def __init__(self) -> None:
        self.reset()
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.asked.append(body)
                model.headers.append({name.lower(): value for name, value in self.headers.items()})
                stream = body.get("stream", False)
                content = model.stream() if stream else json.dumps(model.answer()).encode()
                self.send_response(model.status)
                self.send_header("Content-Type", "text/event-stream" if stream else model.content_type)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Location", "http://127.0.0.1:1/v1")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="model", daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def reset(self) -> None:
        """As new."""
        self.says = "Paris."
        self.message: dict[str, Any] = {}
        self.turns: list[dict[str, Any]] = []
        self.status = 200
        self.content_type = "application/json"
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def answer(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.says, **self.message, **self._turn()}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }

    def _turn(self) -> dict[str, Any]:
        return self.turns.pop(0) if self.turns else {}

    def stream(self) -> bytes:
        message = {**self.message, **self._turn()}
        says = message.pop("content", self.says) or ""
        pieces = [says[start : start + 8] for start in range(0, len(says), 8)]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in pieces]
        if message:
            deltas.append(message)
        chunks = [self.chunk(delta) for delta in deltas] + [self.chunk({}, "stop")]
        return (
            b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
            + b"data: [DONE]\n\n"
        )

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "fake",
            "choices": [choice],
        }

    @staticmethod
    def call(name: str, /, **arguments: Any) -> dict[str, Any]:
        """A turn in which it calls a tool."""
        function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
        return {
            "content": None,
            "tool_calls": [{"index": 0, "id": f"call_{name}", "type": "function", "function": function}],
        }

    def texts(self) -> str:
        """All that it was asked, as one text."""
        return json.dumps(self.asked, ensure_ascii=False)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
