"""The health check of a container."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from app.runtime import alive
from app.runtime.ports import free_port


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" and self.server.well else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.well = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_asks_the_port_that_it_is_told(server) -> None:
    assert alive.main([str(server.server_port)]) is None
    server.well = False
    assert "answers 503" in (alive.main([str(server.server_port)]) or "")


def test_a_workers_port_stands_in_its_environment(server, monkeypatch) -> None:
    monkeypatch.setenv("VIGIL_METRICS_PORT", str(server.server_port))
    monkeypatch.setenv("VIGIL_METRICS_HOST", "0.0.0.0")
    assert alive.main([]) is None


def test_nobody_answers(monkeypatch) -> None:
    assert "no answer" in (alive.main([str(free_port())]) or "")
    monkeypatch.delenv("VIGIL_METRICS_PORT", raising=False)
    assert "name one" in (alive.main([]) or "")
