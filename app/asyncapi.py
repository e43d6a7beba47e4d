"""The AsyncAPI document and its page: `python -m app.asyncapi` writes both to `asyncapi/`.

FastStream generates the channels and schemas. Added here: examples, what JetStream knows of a channel
(FastStream's bindings hold the subject only), and a page that needs no script and no network.
"""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml

from app import build
from app.examples import EXAMPLES
from app.publishers import guard_input, guard_output
from app.streams import CONSUMERS, VIGIL, VIGIL_DLQ, Consumer

FOLDER = Path(__file__).parents[1] / "asyncapi"
SERVER = {"host": "localhost:4222", "pathname": "", "protocol": "nats", "protocolVersion": "custom"}

Document = dict[str, Any]


def document() -> Document:
    """The AsyncAPI 3.0 document of all workers and of the API's two publishers."""
    app = build()
    assert app.broker is not None  # noqa: S101 - build() gives it one
    app.broker.include_routers(guard_input.router, guard_output.router)
    found: Document = json.loads(app.schema.to_specification().to_json())
    found["servers"] = {"development": SERVER}
    for name, channel in found["channels"].items():
        channel["title"] = name.partition(":")[0]
        channel["x-jetstream"] = _jetstream(channel["address"])
    examples = {type(example).__name__: example for example in EXAMPLES}
    for name, message in found["components"]["messages"].items():
        if name.startswith("logging-worker"):  # it takes raw bytes, so that one bad payload costs no other
            message["payload"] = {"$ref": "#/components/schemas/Event"}
        example = examples[_schema_name(message["payload"])]
        message["title"] = _schema_name(message["payload"])
        message["description"] = found["components"]["schemas"][message["title"]]["description"]
        message["examples"] = [{"payload": example.model_dump(mode="json")}]
    found["components"]["schemas"].pop("logging-worker:Message:Payload", None)
    return found


def _schema_name(payload: Document) -> str:
    """The name of the one schema, or of the last of several, that a payload refers to."""
    choices = payload.get("oneOf") or payload.get("anyOf") or [payload]
    return str(choices[-1]["$ref"]).rpartition("/")[2]


def _jetstream(address: str) -> Document:
    if address.startswith("_INBOX"):
        return {"captured": False, "note": "core NATS: an answer is for one process, now"}
    if address.startswith("vigil.dlq."):
        return {"captured": True, "stream": VIGIL_DLQ.name}
    return {"captured": True, "stream": VIGIL.name, **_consumer(_reader(address))}


def _reader(address: str) -> Consumer:
    first_two = address.split(".")[:2]
    exact = [consumer for consumer in CONSUMERS if address in consumer.filters]
    return (exact or [c for c in CONSUMERS if any(f.split(".")[:2] == first_two for f in c.filters)])[0]


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
        f'<li><a href="#{_anchor(name)}">{escape(channel["address"])}</a></li>'
        for name, channel in found["channels"].items()
    )
    info = found["info"]
    return PAGE.format(
        title=escape(info["title"]), version=escape(info["version"]), description=escape(info["description"]),
        flow=escape(FLOW), links=links, sections=sections, style=STYLE,
    )  # fmt: skip


def _section(found: Document, name: str, channel: Document) -> str:
    operation = next(
        op["action"] for op in found["operations"].values() if _resolve(found, op["channel"]) is channel
    )
    messages = [_resolve(found, _resolve(found, reference)) for reference in channel["messages"].values()]
    verb = "received by" if operation == "receive" else "sent as"
    parts = [
        f'<section id="{_anchor(name)}"><h2><code>{escape(channel["address"])}</code></h2>',
        f"<p>{verb} <b>{escape(channel['title'])}</b>. {escape(channel['description'])}</p>",
        _table(
            ("JetStream", ""), [(key, json.dumps(value)) for key, value in channel["x-jetstream"].items()]
        ),
    ]
    for message in messages:
        schema = found["components"]["schemas"][message["title"]]
        rows = [
            (key, _type(value), value.get("description", "")) for key, value in schema["properties"].items()
        ]
        example = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
        parts += [
            f"<h3>{escape(message['title'])}</h3><p>{escape(message['description'])}</p>",
            _table(("field", "type", "meaning"), rows),
            f"<details><summary>Example</summary><pre>{escape(example)}</pre></details>",
        ]
    return "\n".join([*parts, "</section>"])


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


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


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

STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1.5rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; font-size: .85rem; }
.wide { overflow-x: auto; }"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} {version}: messages</title>
<style>
{style}
</style>
</head>
<body>
<h1>{title} {version}: subjects and messages</h1>
<p>{description}</p>
<pre>{flow}</pre>
<ul>{links}</ul>
{sections}
</body>
</html>
"""


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
