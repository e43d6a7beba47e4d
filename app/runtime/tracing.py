"""One span for each message sent and for each one worked on, named as OpenTelemetry's messaging conventions have it.

Put on a broker only where spans are exported. A request that is not sampled costs a look at one header per hop.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

from faststream import BaseMiddleware
from faststream.nats.response import NatsPublishCommand
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from app import tracing
from app.runtime import headers

INBOX = "_INBOX."
VAULT = "$KV."


class Tracing(BaseMiddleware[NatsPublishCommand, Any]):
    """The outermost middleware: what the others publish for a message lies below that message's span."""

    async def on_receive(self) -> None:
        """Begin the spans of a traced message, or of the traced members of a batch."""
        self._spans: tuple[Span, ...] = ()
        if self.msg is None:
            return
        if isinstance(self.msg, list):
            size = {"messaging.batch.message_count": len(self.msg)}
            self._spans = tuple(
                span for message in self.msg if (span := _received(message, size)).is_recording()
            )
            self._batch = tracing.batch.set(self._spans)
        elif (span := _received(self.msg)).get_span_context().is_valid:
            self._spans = (span,)
            self._attached = otel.attach(trace.set_span_in_context(span))

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        """Note how the attempt ends."""
        try:
            return await call_next(msg)
        except Exception as error:
            for span in self._spans:
                tracing.fail(span, error)
            raise

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 - the signature is FastStream's
        exc_val: BaseException | None = None,  # noqa: ARG002
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> bool | None:
        """End them. The message is settled by now."""
        if isinstance(self.msg, list):
            tracing.batch.reset(self._batch)
        elif self._spans:
            otel.detach(self._attached)
        for span in self._spans:
            span.end()
        return False

    async def publish_scope(
        self, call_next: Callable[[NatsPublishCommand], Awaitable[Any]], cmd: NatsPublishCommand
    ) -> Any:
        """Send the context along, inside a span of its own when the request is traced."""
        received = headers.incoming.get()
        if not trace.get_current_span().is_recording():
            cmd.headers = dict(cmd.headers or {})
            tracing.inject(cmd.headers, received)
            return await call_next(cmd)
        span = tracing.begin(*_sent(cmd))
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            cmd.headers = dict(cmd.headers or {})
            tracing.inject(cmd.headers, received)
            try:
                return await call_next(cmd)
            except Exception as error:
                tracing.fail(span, error)
                raise


def _received(message: Any, more: Mapping[str, int] | None = None) -> Span:
    """The span of working on a message; one that records nothing where the sender says so."""
    got: Mapping[str, str] = message.headers or {}
    if tracing.TRACEPARENT in got and not tracing.sampled(got):
        return trace.INVALID_SPAN
    attributes: dict[str, str | int | bool] = {
        "messaging.system": "nats",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": message.subject,
        "messaging.message.body.size": len(message.data),
        **(more or {}),
    }
    if headers.MESSAGE_ID in got:
        attributes["messaging.message.id"] = got[headers.MESSAGE_ID]
    if message.reply.startswith("$JS.ACK."):
        attributes["messaging.consumer.group.name"] = message.metadata.consumer
        attributes["vigil.delivery_attempt"] = message.metadata.num_delivered
    return tracing.begin(f"process {message.subject}", SpanKind.CONSUMER, tracing.parent(got), attributes)


def _sent(cmd: NatsPublishCommand) -> tuple[str, SpanKind, None, dict[str, str | int | bool]]:
    """Name, kind and attributes of a publication. An inbox or a vault entry has a new name each time: left out."""
    temporary = cmd.destination.startswith(INBOX)
    name = "(temporary)" if temporary else cmd.destination
    if name.startswith(VAULT):
        name = name.rpartition(".")[0]
    attributes: dict[str, str | int | bool] = {
        "messaging.system": "nats",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": name,
    }
    if temporary:
        attributes["messaging.destination.temporary"] = True
    if headers.MESSAGE_ID in (cmd.headers or {}):
        attributes["messaging.message.id"] = cmd.headers[headers.MESSAGE_ID]
    return f"publish {name}", SpanKind.PRODUCER, None, attributes
