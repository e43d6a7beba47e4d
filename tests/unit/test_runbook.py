"""The operator's pages: their commands exist, their links lead somewhere, their tests are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app.commands import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/operate").glob("*.md"))
RUNBOOK = ROOT / "docs/operate/runbook.md"
# As GitHub and the documentation site name a heading.
HEADING = re.compile(r"^#{1,4} (.+)$", re.M)


def anchors(page: Path) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(page.read_text(encoding="utf-8"))
    }


def commands(page: Path) -> Iterator[list[str]]:
    """The `vigil` commands in code, blocks and spans."""
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S) + re.findall(r"`([^`\n]+)`", text))
    for line in code.replace("\\\n", " ").splitlines():
        for part in re.split(r" && | \| |; | {2,}#.*", line):
            if "vigil " not in part:
                continue
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if len(words) > 1 and words[0] == "vigil":
                yield words[1:]


def check(words: list[str]) -> None:
    """Look a command and its options up, without running it."""
    command: Any = typer.main.get_command(cli)
    while hasattr(command, "commands"):
        if not words:
            return  # a group that is spoken of
        name, *words = words
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("--") and word not in options]
    assert not unknown, f"{command.name} has no {', '.join(unknown)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_vigil_command_exists_with_its_options(page: Path) -> None:
    for words in commands(page):
        check(words)


def test_the_test_of_commands_finds_wrong_ones() -> None:
    assert len(list(commands(RUNBOOK))) > 30
    with pytest.raises(AssertionError, match="no command"):
        check(["streams", "repair"])
    with pytest.raises(AssertionError, match="--everything"):
        check(["dlq", "replay", "--everything"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_the_pages_lead_to_sections(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_commands_that_point_to_the_runbook_point_to_its_sections() -> None:
    known = anchors(RUNBOOK)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py")]
    pointed = {
        anchor for source in sources for anchor in re.findall(r"docs/operate/runbook\.md#([\w-]+)", source)
    }
    assert pointed
    assert pointed <= known


def test_the_tests_that_the_runbook_names_are_there() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert named
    for file, name in named:
        assert re.search(rf"def {name}\(", (ROOT / file).read_text(encoding="utf-8")), f"{file}::{name}"
    table = text[text.index("## Which test runs it") :]
    sections = re.findall(r"^## (.+)$", text, re.M)
    rows = re.findall(r"^\| ([^|]+) \|", table, re.M)[1:]
    assert set(rows) | {"Capacity", "Which test runs it"} == set(sections)
