"""Fixtures for every test."""

from tests.servers import (  # noqa: F401
    clickhouse,
    fresh_clickhouse,
    fresh_nats,
    nats_url,
    server_loop,
)
