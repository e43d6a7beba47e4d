"""Provisioning while the servers come up."""

from collections.abc import Awaitable, Callable

import nats.errors
import pytest

from app.errors import StartError
from app.runtime import provisioning
from app.runtime.provisioning import Change, apply_patiently

DONE = [Change("stream VIGIL", "created")]
FORMING = [Change("stream VIGIL", "not created: no suitable peers", refused=True, later=True)]
REFUSED = [Change("stream VIGIL", "retention is limits", refused=True)]


def attempts(*outcomes: list[Change] | Exception) -> Callable[[], Awaitable[list[Change]]]:
    left = iter(outcomes)

    async def attempt() -> list[Change]:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return attempt


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "PAUSE_S", 0.0)


async def test_it_waits_for_servers_and_for_their_cluster() -> None:
    coming = attempts(StartError("no server"), nats.errors.TimeoutError(), FORMING, DONE)
    assert await apply_patiently(coming, 30) == DONE


async def test_it_does_not_wait_for_what_never_changes() -> None:
    assert await apply_patiently(attempts(REFUSED), 30) == REFUSED


async def test_without_patience_the_first_answer_counts() -> None:
    assert await apply_patiently(attempts(FORMING), 0) == FORMING
    with pytest.raises(StartError, match="no server"):
        await apply_patiently(attempts(StartError("no server")), 0)
    with pytest.raises(StartError, match="JetStream does not answer: nats: timeout"):
        await apply_patiently(attempts(nats.errors.TimeoutError()), 0)
