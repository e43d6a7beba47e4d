"""Events on a terminal and as JSON."""

import json
from datetime import datetime
from typing import Any

from rich.text import Text

DECISION_COLOURS = {"ALLOW": "green", "SANITIZE": "yellow", "BLOCK": "red"}


def to_json(value: Any) -> str:
    """One line; times in ISO 8601, UTC."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def printable(text: str, limit: int | None = None) -> str:
    """On one line, with every character that a terminal would obey or hide as an escape: texts come from attackers."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(
        c if c.isprintable() else " " if c in "\r\n\t" else c.encode("unicode_escape").decode() for c in text
    )


def decision(row: dict[str, Any]) -> Text:
    """Decision or outcome, in its colour."""
    word = row["arbiter_decision"] or row["outcome"]
    return Text(word, style=DECISION_COLOURS.get(word, "magenta"))


def at(moment: datetime) -> str:
    """A time, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def number(value: float | None, digits: int = 1) -> str:
    """A number; nothing where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def _plain(value: Any) -> str:
    return (
        value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if isinstance(value, datetime)
        else str(value)
    )
