"""Reads the Containerfile, and what .dockerignore lets a build see; as much of both as ours use, else an error."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KNOWN = {
    "ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction: `COPY`, and the rest of its line with continuations joined."""

    name: str
    rest: str

    @property
    def command(self) -> list[str]:
        """The words of an exec form, as in CMD ["faststream", "run", "app:app"]."""
        return [str(word) for word in json.loads(self.rest[self.rest.index("[") :])]

    @property
    def copied(self) -> tuple[str | None, list[str], str]:
        """Of a COPY: the stage it copies from, None for the context; sources; destination."""
        words = self.rest.split()
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        return stage, words[:-1], words[-1]


def instructions(text: str) -> list[Instruction]:
    """The instructions, in order.

    Raises:
        ValueError: one that is not in `KNOWN`.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = []
    for line in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{name} is an instruction that is not understood here")
        found.append(Instruction(name, re.sub(r"\s+", " ", rest).strip()))
    return found


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first; what stands before the first FROM is left out."""
    found: list[list[Instruction]] = []
    for instruction in instructions(text):
        if instruction.name == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def environment(text: str) -> dict[str, str]:
    """What the processes of the last stage find in their environment."""
    words = [word for line in stages(text)[-1] if line.name == "ENV" for word in shlex.split(line.rest)]
    return dict(word.split("=", 1) for word in words)


def context(folder: Path) -> Iterator[Path]:
    """The files of `folder` that a build sees, relative to it."""
    rules = [
        (line.lstrip("!"), line.startswith("!"))
        for line in (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    patterns = [(_pattern(rule), seen) for rule, seen in rules]
    # Only below what a rule lets through: the rest may be large.
    for root in sorted({rule.split("/")[0] for rule, seen in rules if seen}):
        top = folder / root
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            name = path.relative_to(folder).as_posix()
            if path.is_file() and _is_seen(name, patterns):
                yield Path(name)


def _is_seen(name: str, patterns: list[tuple[re.Pattern[str], bool]]) -> bool:
    seen = True
    for pattern, lets_through in patterns:
        if pattern.match(name):
            seen = lets_through
    return seen


def _pattern(rule: str) -> re.Pattern[str]:
    """A rule matches a file, and all below a folder that it matches. `**` is any number of folders."""
    parts = [
        {"**/": "(?:.*/)?", "*": "[^/]*"}.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*)", rule)
    ]
    return re.compile("".join(parts) + "(?:/.*)?$")
