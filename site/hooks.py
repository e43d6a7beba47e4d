"""What the site has beyond docs/: pages of other folders, references that are generated, and links that lead there.

docs/ is written to be read where it lies, so its links lead to files of the repository. Those that the site has are
followed there; of the others the path is left, as text.
"""

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

HERE = Path(__file__).parent
ROOT = HERE.parent
GENERATED = ROOT / "build" / "reference"  # by `python -m app.api.reference`
LAST = "The project"
# The theme fetches it from a server; the site brings it along.
REMOTE_SHIM = "https://unpkg.com/iframe-worker/shim"
SHIM = "assets/iframe-worker.js"

# Files of the repository that become pages of the site.
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
PLACES = {**PAGES, "README.md": "index.md", "asyncapi/index.html": "reference/messages.md"}

HTTP = """# HTTP API

Every route, body and error, as the service shows them at `/docs`: [the whole page](openapi.html){target=_blank}, or
[the document](openapi.json) for machines (OpenAPI %(version)s).

<iframe src="openapi.html" title="HTTP API" class="reference"></iframe>
"""
MESSAGES = """# Messages

Every subject and message, as the service shows them at `/asyncapi`: [the whole page](asyncapi.html){target=_blank}, or
the document for machines (AsyncAPI %(version)s): [JSON](asyncapi.json), [YAML](asyncapi.yaml).

<iframe src="asyncapi.html" title="Messages" class="reference"></iframe>
"""
PYTHON = """# Python client

How to use it is on [its own page](../sdk.md); here is every name of `vigil_stream`.

## Clients
::: vigil_stream.Vigil
    options: {inherited_members: true}

::: vigil_stream.AsyncVigil
    options: {inherited_members: true}

## Everything else
::: vigil_stream
    options: {filters: ["!^_", "!^Vigil$", "!^AsyncVigil$"], show_root_heading: false, show_root_toc_entry: false}
"""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Every page is in the navigation: those that it does not name come last where their folder is."""
    sections: dict[str, list[Any]] = {
        name: part for entry in config.nav for name, part in entry.items() if name != "Vigil"
    }
    named = {page for part in sections.values() for entry in part for page in entry.values()} | {"index.md"}
    docs = Path(config.docs_dir)
    decisions = [path.relative_to(docs).as_posix() for path in sorted((docs / "decisions").glob("*.md"))]
    for page in (path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))):
        if page not in named and page not in decisions:
            sections[_home(sections, page)].append(page)
    sections[LAST].append({"Decisions": decisions})
    return config


def _home(sections: dict[str, list[Any]], page: str) -> str:
    """The last section that names a page of the same folder."""
    folder = page.rpartition("/")[0]
    named = [
        name for name, part in sections.items() for entry in part if isinstance(entry, dict)
        for place in entry.values() if place.rpartition("/")[0] == folder
    ]  # fmt: skip
    return named[-1] if folder and named else LAST


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, place in PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text(encoding="utf-8")))
    openapi = (GENERATED / "openapi.json").read_text(encoding="utf-8")
    asyncapi = (ROOT / "asyncapi/asyncapi.json").read_text(encoding="utf-8")
    added = {
        "site.css": (HERE / "site.css").read_text(encoding="utf-8"),
        SHIM: (HERE / "iframe-worker.js").read_text(encoding="utf-8"),
        "reference/http.md": HTTP % {"version": json.loads(openapi)["openapi"]},
        "reference/messages.md": MESSAGES % {"version": json.loads(asyncapi)["asyncapi"]},
        "reference/python.md": PYTHON,
        "reference/openapi.json": openapi,
        "reference/openapi.html": _local((GENERATED / "openapi.html").read_text(encoding="utf-8")),
        "reference/asyncapi.json": asyncapi,
        "reference/asyncapi.yaml": (ROOT / "asyncapi/asyncapi.yaml").read_text(encoding="utf-8"),
        "reference/asyncapi.html": (ROOT / "asyncapi/index.html").read_text(encoding="utf-8"),
    }
    for place, content in added.items():
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links out of docs/ to where the site has what they mean."""
    uri = page.file.src_uri
    source = next((name for name, place in PAGES.items() if place == uri), f"docs/{uri}")
    parts = _FENCE.split(markdown)
    return "".join(
        f"\n{part}\n"
        if part.startswith("```")
        else _apart(_LINK.sub(lambda link: _led(link, source, uri), part))
        for part in parts
    )


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Nothing is fetched from another host."""
    return output.replace(REMOTE_SHIM, "../" * page.file.dest_uri.count("/") + SHIM)


def on_post_template(output_content: str, **_: Any) -> str:
    """The same for the page that stands for missing ones."""
    return output_content.replace(REMOTE_SHIM, f"/{SHIM}")


def _apart(text: str) -> str:
    """A list or a table may follow its paragraph at once, as everywhere but in Python-Markdown."""
    lines: list[str] = []
    for line in text.split("\n"):
        before = lines[-1] if lines else ""
        begins = _ITEM.match(line) and not _ITEM.match(before) and not before.startswith(" ")
        if before.strip() and (begins or (line.startswith("|") and not before.startswith("|"))):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _local(page: str) -> str:
    """The page of the API as a file: the service has its documents at its root."""
    return page.replace('href="/openapi.json"', 'href="openapi.json"').replace(
        'href="/asyncapi"', 'href="asyncapi.html"'
    )


def _led(link: re.Match[str], source: str, uri: str) -> str:
    label, target = link.groups()
    file, _, anchor = target.partition("#")
    if not file or ":" in file or uri.startswith("reference/"):
        return link[0]
    wanted = ((ROOT / source).parent / file).resolve().relative_to(ROOT).as_posix()
    if wanted in PLACES:
        place = PLACES[wanted]
    elif wanted.startswith("docs/"):
        place = wanted.removeprefix("docs/")
    else:
        shown = label.strip("`")
        return f"`{wanted}`" if shown in (wanted, file) else f"{label} (`{wanted}`)"
    up = "../" * uri.count("/")
    return f"[{label}]({up}{place}{f'#{anchor}' if anchor else ''})"
