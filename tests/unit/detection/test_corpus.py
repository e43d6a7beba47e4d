"""The project's own texts: form, uniqueness, promised numbers, split, and the page about them."""

import json
import re
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import pytest

from app.detection.training.counts import PAGE, renewed, tables
from app.detection.training.sources import CORPUS, Example, corpus

ATTACKS = {
    "authority_claim", "delimiter_injection", "encoding_evasion", "exfiltration", "indirect_injection",
    "instruction_override", "output_manipulation", "persona_jailbreak", "policy_puppetry", "prompt_leak",
    "social_engineering", "tool_abuse",
}  # fmt: skip
BENIGN = {
    "bug_report", "chat", "code", "encoded_benign", "fiction", "knowledge", "legal", "long_document",
    "quoted_attack", "roleplay_practice", "security_teaching", "shopping_support", "tool_instruction",
    "translation", "trigger_words", "work", "writing",
}  # fmt: skip
CARRIERS = {"chat", "code", "document", "email", "log", "other", "table", "tool_output", "web"}
FIELDS = {"idea", "text", "label", "kind", "carrier", "language"}
# Measured maximum .20, between two texts of hex digits.
SHARED_SHINGLES = 0.3
EXAMPLES = list(corpus())
SPLITS = {"sandacz": "train", "bigos": "calibration", "kefir": "test"}


def _rows() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}:{number}", json.loads(line))
        for path in sorted(CORPUS.glob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def _fault(row: dict[str, Any]) -> str | None:
    """What is wrong with a line, if anything."""
    wanted = FIELDS | ({"hard"} if row.get("label") == "benign" else set())
    if set(row) != wanted:
        return f"fields {sorted(set(row) ^ wanted)}"
    if not all(isinstance(row[name], str) and row[name] for name in FIELDS):
        return "a field is empty or no string"
    if row["label"] not in {"attack", "benign"} or row["language"] not in {"pl", "en"}:
        return "unknown label or language"
    if row["kind"] not in (ATTACKS if row["label"] == "attack" else BENIGN):
        return f"unknown kind {row['kind']}"
    if row["carrier"] not in CARRIERS:
        return f"unknown carrier {row['carrier']}"
    if not isinstance(row.get("hard", False), bool):
        return "hard is no boolean"
    return (
        None
        if row["text"].strip() and row["text"].strip("\n") == row["text"]
        else "blank lines around the text"
    )


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + 3]) for place in range(max(1, len(words) - 2))}


def test_every_line_has_the_form() -> None:
    assert [(place, fault) for place, row in _rows() if (fault := _fault(row))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"label": "spam"},
        {"kind": "chat"},
        {"hard": True},
        {"carrier": ""},
        {"text": " "},
        {"text": "x\n"},
        {"language": "de"},
    ],
)
def test_a_bad_line_is_seen(change: dict[str, Any]) -> None:
    good = {
        "idea": "a",
        "text": "x",
        "label": "attack",
        "kind": "tool_abuse",
        "carrier": "chat",
        "language": "pl",
    }
    assert _fault(good) is None
    assert _fault(good | change)


def test_ideas_and_texts_are_unique() -> None:
    for values in ([one.idea for one in EXAMPLES], [" ".join(one.text.lower().split()) for one in EXAMPLES]):
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_no_two_texts_are_nearly_the_same() -> None:
    shingles = [_shingles(example.text) for example in EXAMPLES]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, own in enumerate(shingles):
        for shingle in own:
            holders[shingle].append(number)
    shared = Counter(pair for numbers in holders.values() for pair in combinations(numbers, 2))
    assert [
        (EXAMPLES[one].idea, EXAMPLES[other].idea)
        for (one, other), common in shared.items()
        if common >= SHARED_SHINGLES * len(shingles[one] | shingles[other])
    ] == []


def test_promised_numbers_are_kept() -> None:
    assert len(EXAMPLES) >= 3000
    for language in ("pl", "en"):
        ours = [example for example in EXAMPLES if example.language == language]
        attacks = sum(example.attack for example in ours)
        assert 0.47 <= len(ours) / len(EXAMPLES) <= 0.53
        assert 0.45 <= attacks / len(ours) <= 0.55
        assert sum(one.hidden for one in ours) >= 300
        assert sum(example.hard for example in ours) >= 450
        assert {example.kind for example in ours} == ATTACKS | BENIGN


def test_long_documents_hide_orders_and_hide_none() -> None:
    """A detector must not learn that length means attack, nor the opposite."""
    for language in ("pl", "en"):
        long = [example for example in EXAMPLES if example.language == language and len(example.text) > 1500]
        attacks = sum(example.attack for example in long)
        assert attacks >= 75
        assert len(long) - attacks >= 35


def test_split_is_six_one_and_one_of_eight_and_hangs_on_the_idea_alone() -> None:
    parts = Counter(example.split for example in EXAMPLES)
    for name, share in (("train", 0.75), ("calibration", 0.125), ("test", 0.125)):
        assert abs(parts[name] / len(EXAMPLES) - share) < 0.03
    assert {idea: Example("", True, "", idea).split for idea in SPLITS} == SPLITS


def test_page_counts_what_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page, tables(EXAMPLES)) == page, "run `python -m app.detection.training.counts`"


def test_page_explains_every_kind_and_carrier() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Counts")[0]
    assert [name for name in ATTACKS | BENIGN | CARRIERS if f"`{name}`" not in page] == []


def test_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        renewed("# The corpus", "")
