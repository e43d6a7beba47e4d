"""One running product for the tests that do not harm it."""

from collections.abc import Iterator

import pytest

from tests.running import Vigil


@pytest.fixture(scope="session")
def vigil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vigil]:
    running = Vigil(tmp_path_factory.mktemp("vigil"))
    running.start()
    yield running
    assert running.stop() == 0, running.said()
