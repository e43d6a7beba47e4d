"""The published description of the messages."""

import re

from app.asyncapi import FOLDER, document, files
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
