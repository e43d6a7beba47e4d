"""The AsyncAPI document and its page: `python -m app.asyncapi` writes both to `asyncapi/`.

FastStream generates the channels and schemas. Added here: examples, what JetStream knows of a channel
(FastStream's bindings hold the subject only), and a page that needs no script and no network.
"""

import json
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from faststream.nats import NatsBroker

from app import publishers
from app.examples import EXAMPLES, OUTPUT_REQUEST
from app.page import page, table
from app.publishers import detection_job, guard_input, guard_output
from app.runtime.specification import specification
from app.streams import CONSUMERS, GUARD_OUTPUT, VIGIL, VIGIL_DLQ, WORKERS, Consumer

FOLDER = Path(__file__).parents[1] / "asyncapi"
SERVER = {"host": "localhost:4222", "pathname": "", "protocol": "nats", "protocolVersion": "custom"}

Document = dict[str, Any]


def document() -> Document:
    """The AsyncAPI 3.0 document of all workers, whatever VIGIL_WORKERS says, and of the API's publishers."""
    broker = NatsBroker()
    for worker in WORKERS:
        broker.include_router(import_module(f"app.subscribers.{worker}").router)
    broker.include_routers(
        *publishers.routers(), guard_input.router, guard_output.router, detection_job.router
    )
    found: Document = json.loads(specification(broker).to_specification().to_json())
    found["servers"] = {"development": SERVER}
    for name, channel in found["channels"].items():
        channel["title"] = name.partition(":")[0]
        channel["x-jetstream"] = _jetstream(channel["address"])
    _say_what_is_received(found)
    for channel in found["channels"].values():
        for reference in channel["messages"].values():
            _describe(found, _resolve(found, reference), channel["address"])
    found["components"]["schemas"].pop("logging-worker:Message:Payload", None)
    return found


def _say_what_is_received(found: Document) -> None:
    """Give a subscription the schema of the publisher on its subject.

    FastStream names every message of a subscriber on each of its subjects, and the logging worker takes raw
    bytes, so that one bad payload costs no other.
    """
    sent, received = (
        [_resolve(found, operation["channel"]) for operation in found["operations"].values()
         if operation["action"] == action]
        for action in ("send", "receive")
    )  # fmt: skip
    for channel in received:
        for publisher in sent:
            if _matches(channel["address"], publisher["address"]):
                _message(found, channel)["payload"] = dict(_message(found, publisher)["payload"])


def _matches(pattern: str, subject: str) -> bool:
    """Whether a NATS pattern captures a subject."""
    wanted, tokens = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(tokens) >= len(wanted) and _matches(
            ".".join(wanted[:-1]), ".".join(tokens[: len(wanted) - 1])
        )
    return len(wanted) == len(tokens) and all(w in ("*", t) for w, t in zip(wanted, tokens, strict=True))


def _message(found: Document, channel: Document) -> Document:
    """The one message of a channel."""
    (reference,) = channel["messages"].values()
    return _resolve(found, reference)


def _describe(found: Document, message: Document, address: str) -> None:
    name = str(message["payload"]["$ref"]).rpartition("/")[2]
    examples = {type(example).__name__: example for example in EXAMPLES}
    example = OUTPUT_REQUEST if address == GUARD_OUTPUT else examples[name]
    message["title"] = name
    message["description"] = found["components"]["schemas"][name]["description"]
    message["examples"] = [{"payload": example.model_dump(mode="json")}]


def _jetstream(address: str) -> Document:
    if address.startswith("_INBOX"):
        return {"captured": False, "note": "core NATS: an answer is for one process, now"}
    if address.startswith("vigil.dlq."):
        return {"captured": True, "stream": VIGIL_DLQ.name}
    return {"captured": True, "stream": VIGIL.name, **_consumer(_reader(address))}


def _reader(address: str) -> Consumer:
    return next(c for c in CONSUMERS if address in c.filters or any(_matches(f, address) for f in c.filters))


def _consumer(consumer: Consumer) -> Document:
    return {
        "durable": consumer.durable,
        "filter_subjects": list(consumer.filters),
        "ack_wait_s": consumer.ack_wait,
        "attempt_limit_s": consumer.attempt_limit,
        "attempts": consumer.attempts,
        "retry_delays_s": list(consumer.delays),
        "fetch": consumer.fetch,
    }


def render(found: Document) -> str:
    """The document as one HTML page."""
    sections = "\n".join(_section(found, name, channel) for name, channel in found["channels"].items())
    links = "".join(
        f'<li><a href="#{_anchor(name)}">{escape(channel["address"])}</a>: {escape(channel["title"])}</li>'
        for name, channel in found["channels"].items()
    )
    sections += "\n" + _parts(found)
    links += '<li><a href="#parts">Parts of messages</a></li>'
    info = found["info"]
    title = f"{info['title']} {info['version']}"
    body = BODY.format(
        title=escape(title),
        description=escape(info["description"]),
        flow=escape(FLOW),
        links=links,
        sections=sections,
    )
    return page(f"{title}: messages", body)


def _section(found: Document, name: str, channel: Document) -> str:
    operation = next(
        op["action"] for op in found["operations"].values() if _resolve(found, op["channel"]) is channel
    )
    messages = [_resolve(found, _resolve(found, reference)) for reference in channel["messages"].values()]
    verb = "received by" if operation == "receive" else "sent as"
    parts = [
        f'<section id="{_anchor(name)}"><h2><code>{escape(channel["address"])}</code></h2>',
        f"<p>{verb} <b>{escape(channel['title'])}</b>. {escape(channel['description'])}</p>",
        table(("JetStream", ""), [(key, json.dumps(value)) for key, value in channel["x-jetstream"].items()]),
    ]
    for message in messages:
        schema = found["components"]["schemas"][message["title"]]
        example = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
        parts += [
            f"<h3>{escape(message['title'])}</h3><p>{escape(message['description'])}</p>",
            _fields(schema),
            f"<details><summary>Example</summary><pre>{escape(example)}</pre></details>",
        ]
    return "\n".join([*parts, "</section>"])


def _fields(schema: Document) -> str:
    required = schema.get("required", ())
    return table(
        ("field", "type", "", "meaning"),
        [
            (key, _type(value), "required" if key in required else "", value.get("description", ""))
            for key, value in schema["properties"].items()
        ],
    )


def _parts(found: Document) -> str:
    """What messages are made of: the schemas that are no message themselves."""
    messages = {message["title"] for message in found["components"]["messages"].values()}
    parts = []
    for name, schema in found["components"]["schemas"].items():
        if name not in messages:
            values = ", ".join(map(str, schema.get("enum", ())))
            body = _fields(schema) if "properties" in schema else f"<p>One of: {escape(values)}.</p>"
            parts.append(f"<h3>{escape(name)}</h3><p>{escape(schema['description'])}</p>{body}")
    return '<section id="parts"><h2>Parts of messages</h2>' + "\n".join(parts) + "</section>"


def _resolve(found: Document, reference: Document) -> Document:
    if "$ref" not in reference:
        return reference
    here: Any = found
    for part in reference["$ref"].removeprefix("#/").split("/"):
        here = here[part.replace("%20", " ").replace("%2A", "*").replace("%3E", ">")]
    return _resolve(found, here)


def _type(schema: Document) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "object")


def _anchor(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)


FLOW = """\
client --> API --> vigil.guard.input / vigil.guard.output
                     |  detection-worker: three branches side by side
                     v
                   vigil.arbiter.decision
                     |  arbiter-worker: thresholds and floors; BLOCK is answered at once
                     v
                   vigil.pii.detect
                     |  pii-worker: language, entities, redaction
                     v
                   vigil.pii.result
                     |  arbiter-worker: ALLOW or SANITIZE is answered ------> the caller's inbox
                     v
                   vigil.logs.event
                     |  logging-worker: batches
                     v
                   ClickHouse                 three failures anywhere ------> vigil.dlq.<worker>"""

BODY = """\
<h1>{title}: subjects and messages</h1>
<p>{description}</p>
<pre>{flow}</pre>
<ul>{links}</ul>
{sections}"""


def files() -> dict[str, str]:
    """File name and content of everything in `asyncapi/`."""
    found = document()
    return {
        "asyncapi.json": json.dumps(found, indent=2, ensure_ascii=False) + "\n",
        "asyncapi.yaml": yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110),
        "index.html": render(found),
    }


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
