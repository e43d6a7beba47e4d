"""The description of the API, and its page."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.api import create_app
from app.api.reference import render
from app.settings import Settings


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder: Path = tmp_path_factory.mktemp("data")
    return create_app(Settings(vigil_data_dir=folder)).openapi()


def test_every_reference_leads_somewhere(document) -> None:
    def references(part):
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            part = list(part.values())
        if isinstance(part, list):
            for item in part:
                yield from references(item)

    names = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert names <= document["components"]["schemas"].keys()


def test_every_route_of_a_client_says_what_can_go_wrong(document) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/v1/"):
                assert {"401", "403", "429", "503"} <= operation["responses"].keys(), (method, path)
                assert operation["security"], "a key is needed"
                for status, answer in operation["responses"].items():
                    assert answer["description"]
                    assert "X-Request-Id" in answer["headers"]
                    if int(status) >= 400:
                        assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_the_page_names_every_route_and_loads_nothing(document) -> None:
    page = render(document)
    loads: list[str] = []

    class Watch(HTMLParser):
        def handle_starttag(self, tag, attributes) -> None:
            loads.extend(value for name, value in attributes if name == "src")
            if tag in ("script", "link", "iframe", "img"):
                loads.append(tag)

    Watch().feed(page)
    assert loads == []
    for path in document["paths"]:
        assert path in page
    for name in document["components"]["schemas"]:
        assert f'id="model-{name}"' in page
