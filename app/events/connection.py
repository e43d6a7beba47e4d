"""One connection to ClickHouse over its native protocol."""

import logging
import socket
from collections.abc import Generator, Mapping, Sequence
from threading import Lock
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from app.events.failures import AWAY, StoreUnavailable, describe, is_bad_value

# The driver logs every refused connection with a traceback, and raises it too: once is enough.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)

_SETTINGS = {
    "final": 1,  # each event once, also between two merges
    "do_not_merge_across_partitions_select_final": 1,  # an event is in one only
    "async_insert": 0,  # 26.x would gather rows on its side; they come in batches already
}


class Connection:
    """A connection that is opened when needed and opened again after a failure. Calls are serialised.

    Args:
        host: of the server.
        port: of the native protocol, 9000 or, with TLS, 9440 as a rule.
        user: who asks.
        password: empty for none.
        secure: speak TLS.
        timeout_s: how long the server may take to accept, and to send or take the next bytes.
        limits: settings of ClickHouse for every query, as `max_execution_time`.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int = 9000,
        user: str = "default",
        password: str = "",
        secure: bool = False,
        timeout_s: float = 10.0,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.address = f"{host}:{port}"
        self._endpoint = (host, port)
        self._timeout_s = timeout_s
        self._answered = False
        self._lock = Lock()
        self._client = Client(
            host,
            port=port,
            user=user,
            password=password,
            secure=secure,
            connect_timeout=min(timeout_s, 5.0),
            send_receive_timeout=timeout_s,
            sync_request_timeout=min(timeout_s, 5.0),
            settings={**_SETTINGS, **(limits or {})},
        )

    def execute(
        self, query: str, values: Sequence[Any] | Mapping[str, Any] | None = None, **settings: str | int
    ) -> list[tuple[Any, ...]]:
        """The rows that `query` gives, an empty list for a command.

        Args:
            query: one statement. An INSERT ends in `VALUES`.
            values: rows for an INSERT, or values for the `%(name)s` of the query.
            settings: of ClickHouse, for this query.

        Raises:
            StoreUnavailable: the server is away, refuses, or the query asks for what does not exist.
            Exception: `failures.is_bad_value` is true of it: a row's value does not fit its column.
        """
        with self._lock:
            try:
                result = self._client.execute(query, values, settings=settings or None)
            except Exception as error:
                if not isinstance(error, AWAY) or is_bad_value(error):
                    raise
                raise StoreUnavailable(self._explain(error), getattr(error, "code", None)) from error
            self._answered = True
            return result if isinstance(result, list) else []

    def stream(
        self, query: str, values: Mapping[str, Any] | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        """The rows that `query` gives, as they arrive. The connection is taken until the last one was.

        Raises:
            StoreUnavailable: as for `execute`.
        """
        with self._lock:
            try:
                yield from self._client.execute_iter(query, values, chunk_size=1)
            except AWAY as error:
                raise StoreUnavailable(self._explain(error), getattr(error, "code", None)) from error
            finally:
                # What nobody read stays on the wire; the next query needs a clean one.
                if self._client.connection.is_query_executing:
                    self._client.disconnect()
            self._answered = True

    def close(self) -> None:
        """Close it. The next `execute` opens it again."""
        with self._lock:
            self._client.disconnect()

    def _explain(self, error: Exception) -> str:
        if not self._answered and not isinstance(error, ServerException) and self._speaks_http():
            return f"ClickHouse at {self.address}: this is the HTTP port; use the native port 9000"
        return f"ClickHouse at {self.address}: {describe(error)}"

    def _speaks_http(self) -> bool:
        try:
            with socket.create_connection(self._endpoint, timeout=1) as probe:
                probe.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
                answer = probe.recv(1000)
        except OSError:
            return False
        # The native port answers such a request too, with "Port 9000 is for clickhouse-client program".
        return answer.startswith(b"HTTP/") and b"clickhouse-client" not in answer
