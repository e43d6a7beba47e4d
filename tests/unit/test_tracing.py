"""The context of a trace on its way from process to process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from app import tracing
from app.errors import SettingsError

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
UNSAMPLED, SAMPLED = f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def exported():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter
    tracing.use(None)


def test_the_flag_of_the_sender_decides() -> None:
    assert tracing.sampled({"traceparent": SAMPLED})
    assert not tracing.sampled({"traceparent": UNSAMPLED})
    assert not tracing.sampled({"traceparent": ""})
    assert not tracing.sampled({})


def test_outside_of_a_span_what_came_in_goes_on() -> None:
    headers: dict[str, str] = {}
    tracing.inject(headers, {"traceparent": UNSAMPLED, "tracestate": "a=1", "Other": "x"})
    assert headers == {"traceparent": UNSAMPLED, "tracestate": "a=1"}


def test_where_nothing_came_in_the_next_one_is_told_not_to_trace() -> None:
    headers: dict[str, str] = {}
    tracing.inject(headers, {})
    assert headers["traceparent"].endswith("-00")
    assert not tracing.sampled(headers)
    assert trace.get_current_span(tracing.parent(headers)).get_span_context().is_valid


def test_inside_a_span_its_own_context_goes_on(exported) -> None:
    span = tracing.begin("x", SpanKind.SERVER, tracing.parent({"traceparent": SAMPLED}))
    headers: dict[str, str] = {}
    with trace.use_span(span, end_on_exit=True):
        tracing.inject(headers, {"traceparent": UNSAMPLED})
        assert tracing.identify({}) == (TRACE, trace.format_span_id(span.get_span_context().span_id))
    assert headers["traceparent"].split("-")[1] == TRACE
    assert tracing.sampled(headers)


@given(st.text(max_size=80))
def test_whatever_comes_as_a_traceparent_is_survived(value: str) -> None:
    received = {"traceparent": value}
    tracing.sampled(received)
    tracing.identify(received)
    context = trace.get_current_span(tracing.parent(received)).get_span_context()
    assert context.is_valid or not context.trace_id


def test_an_error_is_named_by_its_type_only(exported) -> None:
    span = tracing.begin("x", SpanKind.CLIENT)
    tracing.fail(span, ValueError("My PESEL is 44051401359"))
    span.end()
    (finished,) = exported.get_finished_spans()
    assert dict(finished.attributes) == {"error.type": "ValueError"}
    assert finished.status.description is None
    assert finished.events == ()


def test_a_failed_insert_fails_the_span_of_each_member(exported) -> None:
    members = tuple(tracing.begin(f"member {number}", SpanKind.CONSUMER) for number in range(3))
    token = tracing.batch.set(members)
    try:
        with pytest.raises(OSError, match="away"), tracing.insert("db", "rows", 7, "127.0.0.1:9000"):
            raise OSError("away")
    finally:
        tracing.batch.reset(token)
    inserts = [span for span in exported.get_finished_spans() if span.name == "INSERT db.rows"]
    assert [span.parent.span_id for span in inserts] == [m.get_span_context().span_id for m in members]
    assert {span.attributes["error.type"] for span in inserts} == {"OSError"}
    assert [len(span.links) for span in inserts] == [3, 1, 1]


def test_without_members_an_insert_is_no_span(exported) -> None:
    with tracing.insert("db", "rows", 7, "127.0.0.1:9000"):
        pass
    assert exported.get_finished_spans() == ()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_off_means_off(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    clean(monkeypatch, environment)
    tracing.start("vigil-test")
    assert not tracing.enabled()
    assert not tracing.begin("x", SpanKind.SERVER).is_recording()


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "write it as"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "zipkin"}, "`otlp`"),
    ],
)
def test_what_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], says: str
) -> None:
    clean(monkeypatch, environment)
    with pytest.raises(SettingsError, match=says):
        tracing.start("vigil-test")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compose file hands on every variable that it names."""
    empty = dict.fromkeys((*tracing.PROTOCOLS, "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"), "")
    clean(monkeypatch, {**empty, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"})
    assert tracing.wanted()


def test_a_collector_that_is_away_holds_nobody_up_for_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clean(monkeypatch, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    monkeypatch.setattr(tracing, "FLUSH_S", 0.2)
    tracing.start("vigil-test")
    assert tracing.enabled()
    tracing.begin("x", SpanKind.SERVER).end()
    tracing.stop()
    assert not tracing.enabled()


def clean(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in (*tracing.ENDPOINTS, *tracing.PROTOCOLS, "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
