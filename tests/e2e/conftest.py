"""One running product for the tests that do not harm it."""

from collections.abc import Iterator

import pytest

from tests.model import Model
from tests.running import Vigil


@pytest.fixture(scope="session")
def running_model() -> Iterator[Model]:
    model = Model()
    yield model
    model.stop()


@pytest.fixture
def model(running_model: Model) -> Model:
    """The model server of the tests, as new."""
    running_model.reset()
    return running_model


@pytest.fixture(scope="session")
def vigil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vigil]:
    # Events are there sooner than after the usual five seconds, and webhooks may come to the tests.
    quick = {"FLUSH_INTERVAL_MS": "200", "VIGIL_WEBHOOK_ALLOW": "127.0.0.1"}
    running = Vigil(tmp_path_factory.mktemp("vigil"), **quick)
    running.start()
    yield running
    assert running.stop() == 0, running.said()
