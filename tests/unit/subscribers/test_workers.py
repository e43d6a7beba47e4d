"""How the workers take their messages: each of these was measured (docs/decisions/0001, 0002)."""

import inspect
from importlib import import_module

import pytest
from faststream import AckPolicy
from faststream.nats import NatsMessage
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber, PullStreamSubscriber

from app.streams import BY_DURABLE, WORKERS


def subscribers(worker: str) -> list[PullStreamSubscriber]:
    return list(import_module(f"app.subscribers.{worker}").router.subscribers)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_one_durable_and_its_settings_come_from_the_streams_file(worker: str) -> None:
    (subscriber,) = subscribers(worker)
    consumer = BY_DURABLE[f"{worker}-worker"]
    assert subscriber.stream.declare is False
    assert subscriber.ack_policy is AckPolicy.MANUAL
    assert subscriber.config.durable_name == consumer.durable
    assert subscriber.pull_sub.batch_size == consumer.fetch


@pytest.mark.parametrize("worker", WORKERS)
def test_messages_are_pulled_without_a_pool_of_workers(worker: str) -> None:
    # max_workers halves the throughput, and a stop leaves messages unacknowledged.
    (subscriber,) = subscribers(worker)
    assert type(subscriber) in (PullStreamSubscriber, BatchPullStreamSubscriber)


@pytest.mark.parametrize("worker", [worker for worker in WORKERS if worker != "logging"])
def test_a_pull_ends_within_a_second_and_a_handler_asks_for_the_message_only(worker: str) -> None:
    # A pull that died with its server is noticed when it should have ended; a handler that asks for the raw
    # message sends every one of them through a thread.
    (subscriber,) = subscribers(worker)
    assert subscriber.pull_sub.timeout <= 1.0
    for call in subscriber.calls:
        parameters = inspect.signature(call.handler._original_call).parameters.values()
        assert len(parameters) == 1
        assert all(parameter.annotation is not NatsMessage for parameter in parameters)
