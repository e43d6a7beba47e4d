"""The end of tasks that run beside the requests."""

import asyncio

import pytest

from app.runtime import tasks


async def test_a_task_that_has_lost_its_cancellation_ends_all_the_same(monkeypatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.01)
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await tasks.cancel(None, task)
    assert (task.cancelled(), lost) == (True, 2)


async def test_an_error_of_a_task_is_raised_when_it_is_ended() -> None:
    async def failing() -> None:
        raise ValueError("no luck")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="no luck"):
        await tasks.cancel(task)


async def test_whoever_ends_a_task_can_be_cancelled_meanwhile() -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.2)

    task = asyncio.create_task(slow())
    await asyncio.sleep(0)
    ending = asyncio.create_task(tasks.cancel(task))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await tasks.cancel(task)
