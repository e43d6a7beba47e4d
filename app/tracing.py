"""Traces: who starts a span, and how its context gets from one process to the next (W3C Trace Context).

Everything is set by OpenTelemetry's own environment variables: OTEL_EXPORTER_OTLP_ENDPOINT switches it on,
OTEL_TRACES_SAMPLER says how much is traced. Without an endpoint no span is made and no header is added. No
attribute holds a text, a key or what was found in a text.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Timer
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.errors import SettingsError
from app.version import VERSION

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
# By itself the exporter would try for 30 s, longer than a worker has for its end.
FLUSH_S = 3.0
PROTOCOL = "http/protobuf"

_ODD = frozenset("13579bdf")
_W3C = TraceContextTextMapPropagator()
_ids = RandomIdGenerator()
_provider: TracerProvider | None = None
_exporter: SpanExporter | None = None
_tracer: Tracer = trace.NoOpTracer()

# The spans of the batch under work, one for each traced member: what is done for all of them belongs to each.
batch: ContextVar[tuple[Span, ...]] = ContextVar("batch", default=())


def start(service: str) -> None:
    """Export this process's spans, if the environment names an endpoint; OTEL_SERVICE_NAME overrides `service`.

    Raises:
        SettingsError: the endpoint is no address, or another protocol is asked for than OTLP over HTTP.
    """
    global _exporter  # noqa: PLW0603
    if _provider is not None or not wanted():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - 60 ms, only when used
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME") or service
    resource = Resource.create(
        {"service.name": name, "service.version": VERSION, "service.instance.id": str(uuid4())}
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    _exporter = OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(_exporter))
    use(provider)


def use(provider: TracerProvider | None) -> None:
    """Make spans with this provider; None: make none."""
    global _provider, _tracer  # noqa: PLW0603 - one per process, as OpenTelemetry has it
    _provider = provider
    _tracer = provider.get_tracer("vigil", VERSION) if provider else trace.NoOpTracer()


def stop() -> None:
    """Export what is left and end. Blocks, for FLUSH_S at most when the collector does not take it."""
    if _provider is not None:
        provider = _provider
        use(None)
        enough = Timer(FLUSH_S, _exporter.shutdown if _exporter else provider.shutdown)
        enough.start()
        provider.shutdown()
        enough.cancel()


def enabled() -> bool:
    """Whether this process makes spans at all."""
    return _provider is not None


def sampled(headers: Mapping[str, str]) -> bool:
    """Whether the sender traces this request. Costs less than a microsecond, which is all an untraced one pays."""
    parent = headers.get(TRACEPARENT)
    return parent is not None and parent[-1:] in _ODD


def parent(headers: Mapping[str, str]) -> Context:
    """The sender's context; an empty one where there is none or it cannot be read."""
    carrier = {name: headers[name] for name in (TRACEPARENT, TRACESTATE) if name in headers}
    return _W3C.extract(carrier, Context())


def begin(
    name: str,
    kind: SpanKind,
    context: Context | None = None,
    attributes: Mapping[str, str | int | bool] | None = None,
) -> Span:
    """Start a span below `context`, else below the current one. Whoever begins it ends it."""
    return _tracer.start_span(name, context, kind, attributes)


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed, by the error's type: its message may quote a text."""
    span.set_attribute("error.type", type(error).__qualname__)
    span.set_status(Status(StatusCode.ERROR))


def inject(headers: MutableMapping[str, str], received: Mapping[str, str]) -> None:
    """Give an outgoing message the context of the current span, else what came in, else "not traced"."""
    if trace.get_current_span().get_span_context().is_valid:
        _W3C.inject(headers)
    elif TRACEPARENT in received:
        headers.update({name: received[name] for name in (TRACEPARENT, TRACESTATE) if name in received})
    else:
        headers[TRACEPARENT] = f"00-{_ids.generate_trace_id():032x}-{_ids.generate_span_id():016x}-00"


def identify(received: Mapping[str, str]) -> tuple[str, str]:
    """Trace and span id of the work in progress, in hexadecimal; empty where there is none."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
    match = re.fullmatch(
        r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", received.get(TRACEPARENT, "")
    )
    return (match[1], match[2]) if match else ("", "")


@contextmanager
def insert(database: str, table: str, rows: int, address: str) -> Iterator[None]:
    """The writing of a batch. It is a span of the first traced member and links to all the others; each of the others
    has a span of its own, over the same time, that links to it.
    """
    members = batch.get()
    if not members:
        yield
        return
    host, _, port = address.rpartition(":")
    attributes: dict[str, str | int] = {
        "db.system.name": "clickhouse",
        "db.namespace": database,
        "db.collection.name": table,
        "db.operation.name": "INSERT",
        "db.operation.batch.size": rows,
        "server.address": host,
        "server.port": int(port),
    }
    name, began = f"INSERT {database}.{table}", time.time_ns()
    first = _tracer.start_span(
        name,
        trace.set_span_in_context(members[0], Context()),
        SpanKind.CLIENT,
        attributes,
        links=_links([member.get_span_context() for member in members]),
        start_time=began,
    )
    spans = [first]
    for member in members[1:]:
        below = trace.set_span_in_context(member, Context())
        links = _links([first.get_span_context()])
        spans.append(
            _tracer.start_span(name, below, SpanKind.CLIENT, attributes, links=links, start_time=began)
        )
    try:
        yield
    except BaseException as error:
        for span in spans:
            fail(span, error)
        raise
    finally:
        ended = time.time_ns()
        for span in spans:
            span.end(ended)


def _links(contexts: Sequence[SpanContext]) -> list[Link]:
    return [Link(context) for context in contexts]


def wanted() -> bool:
    """Whether the environment asks for traces.

    Raises:
        SettingsError: it asks for something that Vigil does not do.
    """
    # A variable that is empty is as good as unset, says the specification.
    exporter = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    name = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    if disabled or exporter == "none" or name is None:
        return False
    if exporter != "otlp":
        raise SettingsError(f"OTEL_TRACES_EXPORTER={exporter!r}: Vigil exports `otlp` or `none`")
    if not re.fullmatch(r"https?://[^\s/]+.*", os.environ[name]):
        raise SettingsError(f"{name}={os.environ[name]!r} is no address: write it as http://collector:4318")
    for variable in PROTOCOLS:
        if (os.environ.get(variable) or PROTOCOL) != PROTOCOL:
            raise SettingsError(
                f"{variable}={os.environ[variable]!r}: Vigil speaks `{PROTOCOL}`, on port 4318 as a rule"
            )
    return True
