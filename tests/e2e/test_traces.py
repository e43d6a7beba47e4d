"""One request's trace, as the running product exports it."""

import json
import time
from pathlib import Path

import httpx
import nats
import pytest

from tests.otlp import Collector, Received, collector
from tests.running import Vigil

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
PESEL = "44051401359"
TEXT = f"Mój PESEL to {PESEL}, proszę o pomoc"
LAST = "INSERT n8n_logs.vigil_events"

# From the request to the row, each the parent of the next one.
CHAIN = [
    ("POST /v1/guard/input", SERVER, "vigil-api"),
    ("publish vigil.guard.input", PRODUCER, "vigil-api"),
    ("process vigil.guard.input", CONSUMER, "vigil-worker"),
    ("publish vigil.arbiter.decision", PRODUCER, "vigil-worker"),
    ("process vigil.arbiter.decision", CONSUMER, "vigil-worker"),
    ("publish vigil.pii.detect", PRODUCER, "vigil-worker"),
    ("process vigil.pii.detect", CONSUMER, "vigil-worker"),
    ("publish vigil.pii.result", PRODUCER, "vigil-worker"),
    ("process vigil.pii.result", CONSUMER, "vigil-worker"),
    ("publish vigil.detection.cleaning", PRODUCER, "vigil-worker"),
    ("process vigil.detection.cleaning", CONSUMER, "vigil-worker"),
    ("publish vigil.arbiter.cleaned", PRODUCER, "vigil-worker"),
    ("process vigil.arbiter.cleaned", CONSUMER, "vigil-worker"),
    ("publish vigil.logs.event", PRODUCER, "vigil-worker"),
    ("process vigil.logs.event", CONSUMER, "vigil-worker"),
    (LAST, CLIENT, "vigil-worker"),
]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory):
    """A running Vigil and what it exports."""
    with collector() as receiver:
        folder = tmp_path_factory.mktemp("traced")
        with Vigil(
            folder,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            OTEL_BSP_SCHEDULE_DELAY="100",
            FLUSH_INTERVAL_MS="200",
            VIGIL_PROCESSES="1",
            VIGIL_LOG_FORMAT="json",
        ) as vigil:
            vigil.start()
            yield vigil, receiver


def chain(spans: list[Received], last: str) -> list[tuple[str, int, str]]:
    """The span named `last` and its parents, the eldest first."""
    by_id = {span.span_id: span for span in spans}
    (span,) = [span for span in spans if span.name == last]
    found = [span]
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        found.insert(0, span)
    return [(span.name, span.kind, span.service) for span in found]


def whole(receiver: Collector, trace_id: str) -> list[Received]:
    receiver.wait(lambda spans: any(s.name == LAST and s.trace_id == trace_id for s in spans))
    receiver.wait(lambda spans: any(s.kind == SERVER and s.trace_id == trace_id for s in spans))
    return receiver.trace(trace_id)


def test_one_trace_id_from_http_to_clickhouse_with_the_right_parents(traced: tuple[Vigil, Collector]) -> None:
    vigil, receiver = traced
    answer = vigil.guard(TEXT)
    assert answer.json()["decision"] == "SANITIZE"
    receiver.wait(lambda spans: any(span.name == LAST for span in spans))
    (trace_id,) = {span.trace_id for span in receiver.spans}
    spans = whole(receiver, trace_id)
    assert chain(spans, LAST) == CHAIN
    (server,) = [span for span in spans if span.kind == SERVER]
    assert server.parent_id == ""
    assert server.attributes["http.route"] == "/v1/guard/input"
    assert server.attributes["http.response.status_code"] == 200
    assert server.attributes["vigil.request_id"] == answer.json()["request_id"]
    (verdict,) = [span for span in spans if span.attributes.get("messaging.destination.temporary")]
    assert chain(spans, verdict.name)[-2][0] == "process vigil.arbiter.cleaned"
    for span in spans:
        if span.kind in {PRODUCER, CONSUMER}:
            assert span.attributes["messaging.system"] == "nats"
            assert span.attributes["messaging.operation.type"] in {"send", "process"}
            assert span.attributes["messaging.destination.name"] in span.name
    acked = {
        span.attributes.get("vigil.result") for span in spans if span.name == "process vigil.guard.input"
    }
    assert acked == {"acked"}
    (insert,) = [span for span in spans if span.name == LAST]
    assert insert.attributes["db.system.name"] == "clickhouse"
    assert insert.attributes["server.port"] == vigil.services["clickhouse_port"]
    event = next(span for span in spans if span.name == "process vigil.logs.event")
    assert (trace_id, event.span_id) in insert.links


def test_the_trace_of_the_caller_goes_on(traced: tuple[Vigil, Collector]) -> None:
    vigil, receiver = traced
    trace_id, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    ask(vigil, TEXT, traceparent=f"00-{trace_id}-{parent}-01", tracestate="vendor=1")
    spans = whole(receiver, trace_id)
    assert chain(spans, LAST) == CHAIN
    assert next(span for span in spans if span.kind == SERVER).parent_id == parent


def test_a_caller_that_does_not_trace_is_not_traced_and_its_log_lines_have_its_trace_id(
    traced: tuple[Vigil, Collector],
) -> None:
    vigil, receiver = traced
    trace_id = "5bf92f3577b34da6a3ce929d0e0e4736"
    untraced = ask(vigil, TEXT, traceparent=f"00-{trace_id}-00f067aa0ba902b7-00")
    after = ask(vigil, TEXT, traceparent="00-6bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    assert vigil.events(after.json()["request_id"])
    whole(receiver, "6bf92f3577b34da6a3ce929d0e0e4736")
    assert receiver.trace(trace_id) == []
    lines = [json.loads(line) for line in (vigil.folder / "data/logs/api.log").read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == untraced.json()["request_id"]]
    assert line["trace_id"] == trace_id
    assert set(line) >= {"time", "level", "logger", "message"}


def test_several_events_in_one_batch_share_an_insert_and_each_trace_has_it(
    traced: tuple[Vigil, Collector],
) -> None:
    vigil, receiver = traced
    ids = [f"{number:032x}" for number in range(1, 9)]
    for trace_id in ids:
        ask(vigil, "Good morning", traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
    inserts = []
    for trace_id in ids:
        (insert,) = [span for span in whole(receiver, trace_id) if span.name == LAST]
        inserts.append(insert)
    shared = max((insert.attributes["db.operation.batch.size"] for insert in inserts), default=0)
    assert shared > 1
    by_id = {(insert.trace_id, insert.span_id): insert for insert in inserts}
    for insert in inserts:
        if insert.attributes["db.operation.batch.size"] > 1:
            own = {span.span_id for span in receiver.trace(insert.trace_id)}
            leads_to = [link for link in insert.links if link[1] not in own]
            assert leads_to
            others = {span.span_id for span in receiver.spans if span.name == "process vigil.logs.event"}
            assert all(link in by_id or link[1] in others for link in leads_to)


def test_readiness_probes_leave_no_trace_and_a_refusal_is_one_span(traced: tuple[Vigil, Collector]) -> None:
    vigil, receiver = traced
    before = {span.trace_id for span in receiver.spans}
    assert httpx.get(f"{vigil.url}/readyz", timeout=10).status_code == 200
    trace_id = "7bf92f3577b34da6a3ce929d0e0e4736"
    refused = httpx.post(
        f"{vigil.url}/v1/guard/input", json={"text": "x"}, timeout=10,
        headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01", "Authorization": "Bearer vk_test_secret"},
    )  # fmt: skip
    assert refused.status_code == 401
    receiver.wait(lambda spans: any(span.trace_id == trace_id for span in spans))
    (span,) = receiver.trace(trace_id)
    assert (span.name, span.attributes["http.response.status_code"]) == ("POST /v1/guard/input", 401)
    assert {span.trace_id for span in receiver.spans} - before == {trace_id}


async def test_each_attempt_is_a_span_and_the_dead_letter_belongs_to_the_last(
    traced: tuple[Vigil, Collector],
) -> None:
    vigil, receiver = traced
    trace_id = "8bf92f3577b34da6a3ce929d0e0e4736"
    connection = await nats.connect(vigil.services["nats_servers"])
    await connection.jetstream().publish(
        "vigil.pii.detect", b'{"request": 1}',
        headers={
            "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
            "Vigil-Deadline": str(time.time() + 60),  # somebody waits: the attempts follow quickly
        },
    )  # fmt: skip
    await connection.close()
    receiver.wait(lambda spans: sum(s.trace_id == trace_id for s in spans) >= 4)
    spans = receiver.trace(trace_id)
    attempts = [span for span in spans if span.name == "process vigil.pii.detect"]
    assert [span.attributes["vigil.result"] for span in attempts] == ["retried", "retried", "dead_lettered"]
    assert [span.attributes["vigil.delivery_attempt"] for span in attempts] == [1, 2, 3]
    assert all(span.failed and span.attributes["error.type"] for span in attempts)
    (letter,) = [span for span in spans if span.name == "publish vigil.dlq.pii-worker"]
    assert letter.parent_id == attempts[-1].span_id


def test_no_export_holds_a_text_a_key_or_personal_data(traced: tuple[Vigil, Collector]) -> None:
    vigil, receiver = traced
    sent = b"".join(receiver.bodies)
    assert sent
    for secret in (PESEL, "PESEL to", "proszę", "Good morning", vigil.key, "vk_test_secret"):
        assert secret.encode() not in sent


def ask(vigil: Vigil, text: str, **headers: str) -> httpx.Response:
    answer = httpx.post(
        f"{vigil.url}/v1/guard/input", json={"text": text}, timeout=20,
        headers={"Authorization": f"Bearer {vigil.key}", **headers},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "write it as http://collector:4318"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "http/protobuf",
        ),
    ],
)
def test_a_senseless_setting_stops_the_start_with_one_line(
    tmp_path: Path, environment: dict[str, str], says: str
) -> None:
    refused = Vigil(tmp_path, **environment).command("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert says in refused.stderr
