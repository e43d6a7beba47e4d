"""The OpenAPI document as one page: no script, nothing from another host."""

import json
from html import escape
from typing import Any

from app.page import page, table

Document = dict[str, Any]


def render(document: Document) -> str:
    """The page."""
    operations = [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]
    links = "".join(
        f'<li><a href="#{_anchor(method, path)}"><code>{method} {escape(path)}</code></a> '
        f"{escape(operation.get('summary', ''))}</li>"
        for method, path, operation in operations
    )
    schemas = document["components"]["schemas"]
    sections = "".join(_operation(*found, schemas) for found in operations)
    models = "".join(_model(name, schema) for name, schema in sorted(schemas.items()))
    info = document["info"]
    heading = f"{info['title']} {info['version']}: API"
    return page(
        heading,
        BODY.format(
            heading=escape(heading), description=escape(info["description"]),
            links=links, sections=sections, models=models,
        ),
    )  # fmt: skip


def _operation(method: str, path: str, operation: Document, schemas: Document) -> str:
    parts = [
        f'<section id="{_anchor(method, path)}"><h2><code>{method} {escape(path)}</code></h2>',
        f"<p><b>{escape(operation.get('summary', ''))}.</b> {_prose(operation.get('description', ''))}</p>",
    ]
    if parameters := operation.get("parameters"):
        rows: list[tuple[str, ...]] = [
            (f"{item['name']} ({item['in']})", _type(item["schema"]), _required(item.get("required")),
             item.get("description") or item["schema"].get("description", ""))
            for item in parameters
        ]  # fmt: skip
        parts.append(table(("parameter", "type", "", ""), rows))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body: {escape(kind)}</h3><p>{_type(content['schema'], link=True)}</p>")
        example = content.get("example") or _example(content["schema"], schemas)
        if example:
            parts.append(f"<pre>{escape(example if isinstance(example, str) else _json(example))}</pre>")
    rows = [
        (status, escape(answer["description"]),
         " ".join(_type(content["schema"], link=True) for content in answer.get("content", {}).values() if content))
        for status, answer in sorted(operation["responses"].items())
    ]  # fmt: skip
    parts += ["<h3>Answers</h3>", table(("status", "", ""), rows, html=True), "</section>"]
    return "".join(parts)


def _model(name: str, schema: Document) -> str:
    required = schema.get("required", ())
    fields = [
        (f"<code>{escape(key)}</code>", _type(value, link=True), _required(key in required),
         _prose(value.get("description", "")))
        for key, value in schema.get("properties", {}).items()
    ]  # fmt: skip
    values = ", ".join(f"<code>{escape(str(value))}</code>" for value in schema.get("enum", ()))
    body = table(("field", "type", "", ""), fields, html=True) if fields else f"<p>One of {values}.</p>"
    return f'<h3 id="model-{escape(name)}">{escape(name)}</h3><p>{_prose(schema.get("description", ""))}</p>{body}'


def _example(schema: Document, schemas: Document) -> Any:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    examples = schemas.get(name, schema).get("examples") or (None,)
    return examples[0]


def _type(schema: Document, *, link: bool = False) -> str:
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#model-{name}">{name}</a>' if link else name
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_type(choice, link=link) for choice in schema[key])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), link=link)}"
    return escape(str(schema.get("format") or schema.get("type") or "anything"))


def _required(required: object) -> str:
    return "required" if required else ""


def _prose(text: str) -> str:
    """Paragraphs, and what stands between backticks as code."""
    pieces = escape(text).split("`")
    marked = "".join(
        piece if index % 2 == 0 else f"<code>{piece}</code>" for index, piece in enumerate(pieces)
    )
    return marked.replace("\n\n", "<br><br>")


def _json(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)


def _anchor(method: str, path: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in f"{method}{path}").lower()


BODY = """\
<h1>{heading}</h1>
<p>{description} Errors are problem documents (RFC 9457); every answer names its request in <code>X-Request-Id</code>.
The machine's version of this page is <a href="/openapi.json">/openapi.json</a>; messages between the workers are
described at <a href="/asyncapi">/asyncapi</a>.</p>
<ul>{links}</ul>
{sections}
<h2>Models</h2>
{models}"""
