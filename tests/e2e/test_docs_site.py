"""The documentation site: built as a user builds it, complete, without another host, and looked at in a browser."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import vigil_stream
from tests.chromium import driver

ROOT = Path(__file__).parents[2]
PHONE, DESKTOP = 390, 1280
SHOWN_WIDE = (
    "index.html",
    "api.html",
    "operate/runbook.html",
    "reference/python.html",
    "reference/openapi.html",
)
# Tags whose address is fetched when the page is opened.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "link": "href",
    "source": "src",
    "video": "src",
    "object": "data",
}


class Page(HTMLParser):
    """What a page names, leads to and fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names |= {value for name in ("id", "name") if (value := found.get(name))}
        if tag == "a" and (href := found.get("href")):
            self.links.append(href)
        if tag in FETCHED and (address := found.get(FETCHED[tag])):
            self.fetched.append(address)


@cache
def page(path: Path) -> Page:
    return Page(path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        ["make", "docs", f"SITE={folder}"], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert (folder / "index.html").exists()
    return folder


def test_a_link_that_leads_nowhere_fails_the_build(site: Path, tmp_path: Path) -> None:
    for folder in ("docs", "site", "asyncapi", "build/reference"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (".docs", "clients"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs/index.md").write_text("# Start\n\n[there](architecture.md#nowhere)\n", encoding="utf-8")
    steps = subprocess.run(
        ["make", "--dry-run", "docs", f"SITE={tmp_path / 'out'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (build,) = [line for line in steps.splitlines() if "mkdocs build" in line]
    built = subprocess.run(
        build, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert built.returncode != 0
    assert "nowhere" in built.stderr


def pages(site: Path) -> Iterator[Path]:
    yield from sorted(site.rglob("*.html"))


def test_links_and_anchors_lead_somewhere_and_nothing_is_fetched_from_another_host(site: Path) -> None:
    wrong = []
    for path in pages(site):
        for address in page(path).fetched:
            if urlsplit(address).netloc or not _target(site, path, address).exists():
                wrong.append(f"{path.name} fetches {address}")
        for link in page(path).links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto"):
                continue
            target = _target(site, path, link)
            if not target.exists():
                wrong.append(f"{path.name} leads to {link}")
            elif (
                parts.fragment
                and target.suffix == ".html"
                and unquote(parts.fragment) not in page(target).names
            ):
                wrong.append(f"{path.name} leads to {link}, where that anchor is not")
    assert not wrong
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


def _target(site: Path, path: Path, address: str) -> Path:
    place = unquote(urlsplit(address).path)
    if place.startswith("/"):
        return site / place.lstrip("/")  # the page for missing ones is shown at any depth
    return (path.parent / place).resolve() if place else path


def test_every_page_of_docs_is_there_and_in_the_navigation(site: Path) -> None:
    start = {_target(site, site / "index.html", link) for link in page(site / "index.html").links}
    for source in (ROOT / "docs").rglob("*.md"):
        built = site / source.relative_to(ROOT / "docs").with_suffix(".html")
        assert built.exists(), source.name
        assert built in start, f"{source.name} is not in the navigation: site/mkdocs.yml"


def test_lists_and_tables_are_lists_and_tables(site: Path) -> None:
    for path in pages(site):
        for paragraph in re.findall(r"<p>(.*?)</p>", path.read_text(encoding="utf-8"), re.S):
            assert not re.search(r"^(?:- |\d+\. |\|)", paragraph, re.M), f"{path.name}: {paragraph[:80]}"
        assert "mermaid" not in path.read_text(encoding="utf-8"), "the theme would fetch its script"


def test_the_reference_has_every_name_of_the_client_every_route_and_every_subject(site: Path) -> None:
    names = page(site / "reference/python.html").names
    assert not [
        name
        for name in vigil_stream.__all__
        if not name.startswith("_") and f"vigil_stream.{name}" not in names
    ]
    openapi = json.loads((site / "reference/openapi.json").read_text(encoding="utf-8"))
    routes = (site / "reference/openapi.html").read_text(encoding="utf-8")
    assert all(path in routes for path in openapi["paths"])
    messages = (site / "reference/asyncapi.html").read_text(encoding="utf-8")
    assert "vigil.guard.input" in messages


HARNESS = """<!doctype html><meta charset="utf-8">
<iframe id="page" style="border:0"></iframe><pre id="found"></pre><script>
const frame = document.getElementById("page"), found = {}
const loaded = address => new Promise(done => { frame.onload = done; frame.src = address })
const pause = ms => new Promise(done => setTimeout(done, ms))
async function look() {
  frame.height = 800
  for (const [width, address] of %(looks)s) {
    frame.width = width
    await loaded(address)
    const root = frame.contentDocument.documentElement
    found[width + " " + address] = [root.scrollWidth, root.clientWidth, frame.contentDocument.body.innerText.length]
  }
  await loaded("index.html")
  const inside = frame.contentDocument, box = inside.querySelector("input[data-md-component=search-query]")
  box.focus(); box.value = "ClickHouse"
  for (let tries = 0; tries < 100 && !inside.querySelector(".md-search-result__item a"); tries++) {
    box.dispatchEvent(new Event("keyup", {bubbles: true})); box.dispatchEvent(new Event("input", {bubbles: true}))
    await pause(100)
  }
  found.search = [...inside.querySelectorAll(".md-search-result__item a")].map(link => link.getAttribute("href"))
  document.getElementById("found").textContent = JSON.stringify(found)
}
look().catch(error => { document.getElementById("found").textContent = JSON.stringify({error: String(error)}) })
</script>"""


def test_in_a_browser_no_page_is_wider_than_a_phone_or_a_desktop_and_the_search_finds(site: Path) -> None:
    addresses = [path.relative_to(site).as_posix() for path in pages(site) if path.name != "404.html"]
    harness = site / "harness.html"
    looks = [(PHONE, address) for address in addresses] + [(DESKTOP, address) for address in SHOWN_WIDE]
    harness.write_text(HARNESS % {"looks": json.dumps(looks)}, encoding="utf-8")
    try:
        with driver() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--allow-file-access-from-files"],
            )
            looked = chromium.new_page()
            looked.goto(harness.as_uri())
            looked.wait_for_function("document.getElementById('found').textContent", timeout=100_000)
            found = json.loads(looked.locator("#found").inner_text())
            chromium.close()
    finally:
        harness.unlink()
    search = found.pop("search")
    assert len(found) == len(looks)
    assert not {place: widths for place, (*widths, _) in found.items() if widths[0] > widths[1]}
    assert min(length for *_, length in found.values()) > 200
    assert any("runbook" in link for link in search), search
