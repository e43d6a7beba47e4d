"""Texts to compare, and what the predecessor said of them. Pure, but for reading the file.

A line is an event of its table `events_v2` (`id`, `original_input`, `final_status`, `threat_score`), an answer of its
webhook beside its question (`chatInput`, `action`, `threat_score`), or a plain text (`text`, with `label` and `lang`).
"""

import csv
import json
from ast import literal_eval
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from app.errors import StartError, VigilError
from app.schemas.decision import Decision

TEXTS = ("original_input", "text", "chat_input", "chatInput", "prompt")
NAMES = ("id", "event_id", "request_id", "sessionId", "name")
VERDICTS = ("final_status", "action", "final_decision", "decision")
SCORES = ("threat_score", "combined_score", "score")
DECISIONS = {
    "allow": Decision.ALLOW, "allowed": Decision.ALLOW,
    "sanitize": Decision.SANITIZE, "sanitized": Decision.SANITIZE,
    "block": Decision.BLOCK, "blocked": Decision.BLOCK,
}  # fmt: skip
LABELS = {"attack", "benign"}
# A cell of a CSV file holds a text of 100,000 characters.
csv.field_size_limit(10_000_000)


@dataclass(frozen=True)
class Judgement:
    """What one side said of one text."""

    decision: Decision
    score: float | None = None
    reasons: tuple[str, ...] = ()  # Vigil's categories, the predecessor's boosts
    took_ms: float | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Case:
    """One text under the name that the predecessor knows it by."""

    name: str
    text: str
    theirs: Judgement | None = None
    language: str = ""
    label: str = ""


def read_file(path: Path) -> list[Case]:
    """The lines of a JSONL or CSV file.

    Raises:
        VigilError: the first line that is neither, by its number.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise VigilError(f"{path} is no UTF-8: export it as UTF-8") from None
    rows = _csv(content) if path.suffix.lower() == ".csv" else _jsonl(content)
    return [case(row, number) for number, row in rows]


def case(row: Mapping[str, Any], number: int) -> Case:
    """The case in one line. Raises VigilError when it has no text, or a verdict that is none."""
    text = _first(row, TEXTS)
    if not isinstance(text, str) or not text.strip():
        raise VigilError(f"line {number}: no text; it is looked for in {', '.join(TEXTS)}")
    label = str(row.get("label") or "")
    return Case(
        name=str(_first(row, NAMES) or f"line-{number}"),
        text=text,
        theirs=judgement(row, f"line {number}") if _first(row, VERDICTS) else None,
        language=str(row.get("detected_language") or row.get("language") or row.get("lang") or ""),
        label=label if label in LABELS else "",
    )


def judgement(row: Mapping[str, Any], where: str, took_ms: float | None = None) -> Judgement:
    """The verdict in an event or an answer. Raises VigilError when it is none of the three."""
    said = str(_first(row, VERDICTS) or "").lower()
    if said not in DECISIONS:
        raise VigilError(f"{where}: {said!r} is no verdict; {', '.join(VERDICTS)} are looked at")
    arbiter = row.get("arbiter")
    boosts = row.get("boosts_applied") or (arbiter.get("boosts_applied") if isinstance(arbiter, dict) else ())
    try:
        score = _first(row, SCORES)
        return Judgement(
            DECISIONS[said],
            score=None if score is None else float(score),
            # A cell of a CSV file holds the list as ClickHouse writes it.
            reasons=tuple(map(str, literal_eval(boosts) if isinstance(boosts, str) else boosts or ())),
            took_ms=took_ms,
        )
    except (TypeError, ValueError, SyntaxError):
        raise VigilError(f"{where}: its score is no number, or boosts_applied no list") from None


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _jsonl(content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise VigilError(f"line {number}: not valid JSON ({error})") from None
        if not isinstance(row, dict):
            raise VigilError(f"line {number}: not an object")
        yield number, row


def _csv(content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # str.splitlines would also break a line at U+2028 and the like, which texts hold.
    reader = csv.DictReader(StringIO(content, newline=""))
    for row in reader:
        yield reader.line_num, row
