"""Every test with a `double` runs with both clients."""

import pytest

from tests.sdk import Double


@pytest.fixture(params=["sync", "async"])
def double(request: pytest.FixtureRequest) -> Double:
    return Double(request.param)
