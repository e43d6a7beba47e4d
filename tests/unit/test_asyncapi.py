"""The published description of the messages."""

import re
from importlib import import_module

import pytest
from pydantic import TypeAdapter

from app.asyncapi import FOLDER, document, files
from app.settings import settings
from app.streams import CONSUMERS


def test_the_committed_files_are_fresh() -> None:
    for name, content in files().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, f"{name} is stale: run `make asyncapi`"


def test_every_channel_and_message_has_a_title_a_description_and_an_example() -> None:
    found = document()
    for name, channel in found["channels"].items():
        assert channel["title"], name
        assert channel["description"], name
        assert channel["x-jetstream"], name
    for name, message in found["components"]["messages"].items():
        assert message["title"], name
        assert message["description"], name
        assert message["examples"], name


def test_a_subscription_receives_what_is_published_on_its_subject() -> None:
    messages = document()["components"]["messages"]
    titles = {name: message["title"] for name, message in messages.items()}
    assert titles["arbiter-worker:vigil.arbiter.>:SubscribeMessage"] == "DecisionRequest"
    assert titles["arbiter-worker:vigil.pii.result:SubscribeMessage"] == "PiiResult"
    assert titles["logging-worker:SubscribeMessage"] == "Event"
    for name, message in messages.items():
        assert message["payload"]["$ref"].endswith(f"/{message['title']}"), name


def test_examples_are_valid_messages() -> None:
    modules = ("cleaning", "dead_letter", "decision", "event", "guard", "pii", "verdict")
    models = {name: value for m in modules for name, value in vars(import_module(f"app.schemas.{m}")).items()}
    found = document()["components"]["messages"]
    for message in found.values():
        TypeAdapter(models[message["title"]]).validate_python(message["examples"][0]["payload"], strict=False)
    assert found["Guard output:Message"]["examples"][0]["payload"]["direction"] == "output"


def test_the_document_does_not_depend_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = files()
    monkeypatch.setenv("VIGIL_WORKERS", "detection")
    settings.cache_clear()
    try:
        assert files() == before
    finally:
        settings.cache_clear()


def test_every_durable_and_subject_is_described() -> None:
    found = document()
    durables = {channel["x-jetstream"].get("durable") for channel in found["channels"].values()}
    assert {consumer.durable for consumer in CONSUMERS} <= durables
    addresses = {channel["address"] for channel in found["channels"].values()}
    assert {"vigil.guard.input", "vigil.guard.output", "vigil.logs.event", "vigil.dlq.{worker}"} <= addresses


def test_the_page_names_every_channel_and_loads_nothing() -> None:
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    for channel in document()["channels"].values():
        assert channel["address"].replace(">", "&gt;") in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|https?://", page)
