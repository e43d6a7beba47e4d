"""Fixtures for every test."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings

from tests.running import Vigil
from tests.servers import (  # noqa: F401
    clickhouse,
    fresh_clickhouse,
    fresh_nats,
    nats_url,
    redis_server,
    server_loop,
)

# A busy machine may take long for an example; what an example costs is measured in the benches.
settings.register_profile("vigil", deadline=None)
settings.load_profile("vigil")

# A shell starts its background jobs with SIGINT ignored, which children inherit: the product would not hear Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def stopped_after() -> Iterator[Callable[[Vigil], Vigil]]:
    """Stops a product of this test, whatever becomes of the test."""
    with ExitStack() as stack:
        yield stack.enter_context
