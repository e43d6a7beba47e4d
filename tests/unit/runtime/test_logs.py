"""Log lines: whose they are, and what they never hold."""

import json
import logging

import pytest
from pydantic import ValidationError

from app.runtime import headers, logs
from app.schemas.guard import GuardRequest

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def root():
    """The root logger as it was, afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    root.handlers[:], root.level = before, level


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_json_lines_name_the_request_and_its_trace(root, capsys) -> None:
    logs.configure("INFO", "json")
    tokens = (
        logs.request_id.set("req_1"),
        headers.incoming.set({"traceparent": f"00-{TRACE}-{SPAN}-00"}),
    )
    try:
        logging.getLogger("vigil.test").warning("it took %d ms\nand a line", 7)
    finally:
        logs.request_id.reset(tokens[0])
        headers.incoming.reset(tokens[1])
    (line,) = written(capsys)
    got = json.loads(line)
    assert got.pop("time").endswith("+00:00")
    assert got == {
        "level": "WARNING",
        "logger": "vigil.test",
        "message": "it took 7 ms\nand a line",
        "request_id": "req_1",
        "trace_id": TRACE,
        "span_id": SPAN,
    }


def test_outside_of_a_request_the_ids_are_left_out(root, capsys) -> None:
    logs.configure("INFO", "json")
    logging.getLogger("vigil.test").info("started")
    assert set(json.loads(written(capsys)[0])) == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_does_not_quote_what_it_refuses(root, capsys, form) -> None:
    logs.configure("INFO", form)
    broken = {"request_id": "r", "text": "PESEL 44051401359", "mode": "no mode"}
    try:
        GuardRequest.model_validate(broken)
    except ValidationError:
        logging.getLogger("vigil.test").exception("refused")
    output = "\n".join(written(capsys))
    assert "44051401359" not in output
    assert "input_value" not in output
    assert "ValidationError: mode:" in output
