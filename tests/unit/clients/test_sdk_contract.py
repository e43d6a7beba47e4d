"""The SDK says what the server's OpenAPI document says."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import BaseModel

from app.api import create_app
from app.settings import Settings
from vigil_stream import (
    BatchVerdict,
    Decision,
    Direction,
    Job,
    JobStatus,
    Mode,
    Problem,
    Text,
    Verdict,
    Wrong,
    calls,
    dialogue,
    errors,
)
from vigil_stream.calls import Call
from vigil_stream.models.feedback import FeedbackReceipt
from vigil_stream.models.job import JobPage, WebhookSecret
from vigil_stream.models.line import Line
from vigil_stream.models.restored import Restored
from vigil_stream.options import Options

# What the server calls our answers.
ANSWERS: dict[str, type[BaseModel]] = {
    "Verdict": Verdict,
    "Problem": Problem,
    "Restored": Restored,
    "Received": FeedbackReceipt,
    "BatchVerdict": BatchVerdict,
    "Job": Job,
    "JobList": JobPage,
    "WebhookSecret": WebhookSecret,
}
VALUES = {"Decision": Decision, "Direction": Direction, "Mode": Mode, "Status": JobStatus, "Wrong": Wrong}
EVERYTHING = Text("a", direction="output", mode="fast", prompt="b", explain=True, operator=True)
CALLS: tuple[Call[Any], ...] = (
    calls.guard_input("a", "fast", True, None, operator=True),
    calls.guard_output("a", "b", "fast", True, None),
    calls.guard_batch([EVERYTHING], None),
    calls.submit_job(EVERYTHING, "https://example.com", None),
    calls.get_job("{job_id}"),
    calls.list_jobs("7"),
    calls.webhook_secret(),
    calls.restore("req_1", "a"),
    calls.feedback("req_1", "false_positive", "a", "b"),
)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("contract")
    return create_app(Settings(vigil_data_dir=folder)).openapi()


def _schemas(document: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = document["components"]["schemas"]
    return schemas


def _kinds(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """The JSON types that a schema allows; `object`s by themselves, whatever is in them."""
    if "$ref" in schema:
        return _kinds(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return set().union(*(_kinds(option, definitions) for option in schema["anyOf"]))
    return {schema["type"]}


def _agree(
    ours: dict[str, Any], theirs: dict[str, Any], our_all: dict[str, Any], their_all: dict[str, Any]
) -> None:
    """Every field of theirs is one of ours of the same type, down to the leaves; none of ours is made up."""
    name = ours["title"]
    assert ours["properties"].keys() == theirs["properties"].keys(), f"{name}: teach it the fields"
    assert set(ours.get("required", ())) <= set(theirs.get("required", ())), name
    for field, their_schema in theirs["properties"].items():
        our_schema = ours["properties"][field]
        missing = _kinds(their_schema, their_all) - _kinds(our_schema, our_all) - {"integer"}
        assert not missing, f"{name}.{field}: {missing}"
        for our_part, their_part in zip(
            _parts(our_schema, our_all), _parts(their_schema, their_all), strict=True
        ):
            _agree(our_part, their_part, our_all, their_all)


def _parts(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects with fields that a schema refers to."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return [target] if "properties" in target else []
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return [part for option in inner for part in _parts(option, definitions)]


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_have_the_servers_fields(document: dict[str, Any], name: str) -> None:
    ours = ANSWERS[name].model_json_schema()
    _agree(ours, _schemas(document)[name], ours.get("$defs", {}), _schemas(document))


@pytest.mark.parametrize("name", VALUES)
def test_the_values_of_the_server_are_known(document: dict[str, Any], name: str) -> None:
    assert set(_schemas(document)[name]["enum"]) == set(VALUES[name])


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_calls_are_what_the_routes_take(document: dict[str, Any], call: Call[Any]) -> None:
    operation = _operation(document, call)
    if call.body is not None:
        ((_, body),) = operation["requestBody"]["content"].items()
        schema = _schemas(document)[body["schema"]["$ref"].rpartition("/")[2]]
        assert call.body.keys() == schema["properties"].keys()
        for item in call.body.get("items", ()):
            assert item.keys() == _schemas(document)["BatchItem"]["properties"].keys()
    described = {
        (parameter["in"], parameter["name"].lower()) for parameter in operation.get("parameters", ())
    }
    assert {("query", name) for name in call.params or ()} == {
        parameter for parameter in described if parameter[0] == "query"
    }
    (good,) = [status for status in operation["responses"] if status.startswith("2")]
    answer = operation["responses"][good]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert ANSWERS[answer] is call.answer


def test_the_lines_of_a_stream_are_what_the_route_gives_and_takes(document: dict[str, Any]) -> None:
    route = document["paths"][dialogue.PATH]["post"]
    schemas = _schemas(document)
    line = route["responses"]["200"]["content"]["application/x-ndjson"]["schema"]
    ours = Line.model_json_schema()
    _agree(ours, schemas[line["$ref"].rpartition("/")[2]], ours["$defs"], schemas)
    piece = schemas["Piece"]
    sent = dialogue.Dialogue(Options(api_key="vk_test_key"), "A question", "fast").begin().split(b"\r\n")[-2]
    assert json.loads(sent).keys() == piece["properties"].keys()


def _operation(document: dict[str, Any], call: Call[Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][unquote(call.path)][call.method.lower()]
    return operation


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_described_errors_have_a_class(document: dict[str, Any], call: Call[Any]) -> None:
    described = _operation(document, call)["responses"]
    for status in (int(status) for status in described if status >= "4"):
        assert status in errors.OF_STATUS or status in errors.RETRYABLE or status == 415, status
