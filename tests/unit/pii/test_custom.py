"""Recognizers from the operator's files."""

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.pii.configured import redaction
from app.pii.custom import load
from app.pii.engine import PiiEngine
from app.schemas.pii import Operator
from app.settings import Settings

YAML = r"""
recognizers:
  - name: Employee number
    supported_entity: EMPLOYEE_ID
    patterns:
      - {name: with prefix, regex: '\bE-[0-9]{6}\b', score: 0.6}
      - {name: bare, regex: '\b[0-9]{6}\b', score: 0.2}
    context: [pracownik, employee]
  - name: Loyalty card
    supported_entity: LOYALTY_CARD
    patterns: [{regex: '\bLC[0-9]{8}\b'}]
    checksum: luhn
"""
PYTHON = """
class Result:
    def __init__(self, start, end):
        self.entity_type, self.start, self.end, self.score = "PROJECT", start, end, 0.9

class ProjectRecognizer:
    supported_entities = ["PROJECT"]

    def analyze(self, text, entities, nlp_artifacts=None):
        place = text.find("Bluebird")
        return [] if place < 0 else [Result(place, place + 8)]
"""


def _found(path: Path, text: str) -> list[tuple[str, str]]:
    return [(e.type, text[e.start : e.end]) for e in PiiEngine(load(path)).analyze(text).entities]


def test_patterns_with_score_context_and_checksum(tmp_path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(YAML)
    assert _found(file, "see E-123456") == [("EMPLOYEE_ID", "E-123456")]
    assert _found(file, "see 123456") == []
    assert _found(file, "Pracownik 123456 😀") == [("EMPLOYEE_ID", "123456")]
    assert _found(file, "😀 LC18000000 LC18000001") == [("LOYALTY_CARD", "LC18000000")]


def test_a_folder_with_classes_and_patterns(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "b.py").write_text(PYTHON)
    (tmp_path / "notes.txt").write_text("not read")
    assert _found(tmp_path, "Bluebird, E-123456") == [("PROJECT", "Bluebird"), ("EMPLOYEE_ID", "E-123456")]


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        (
            "a.yaml",
            YAML.replace(r"\bE-", r"(?=E)"),
            "recognizers.0.patterns.0.regex: is no regular expression",
        ),
        ("a.yaml", YAML.replace("luhn", "lun"), "recognizers.1.checksum: is one of luhn, pesel"),
        ("a.yaml", YAML.replace("EMPLOYEE_ID", "employee id"), "supported_entity"),
        ("a.yaml", YAML.replace("score: 0.6", "weight: 0.6"), "weight"),
        ("a.yaml", "recognizers: [", "cannot be read"),
        ("a.yaml", "", "the file"),
        ("a.yaml", YAML.replace(r"'\bLC[0-9]{8}\b'", "'x*'"), "matches the empty text"),
        ("b.py", "import nothing_like_this", "ModuleNotFoundError"),
        ("b.py", "x = 1", "no class with the method analyze"),
        (
            "b.py",
            PYTHON.replace("[Result(place, place + 8)]", "1 / 0").replace("place < 0", "False"),
            "ZeroDiv",
        ),
        ("b.py", PYTHON.replace('["PROJECT"]', "[]"), "must name its types"),
        ("c.txt", "", "there is no .yaml or .py file"),
    ],
)
def test_a_file_that_cannot_work_is_refused_on_one_line(tmp_path, name: str, content: str, hint: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_operator_for_a_type_that_nobody_looks_for_is_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match="PII_OPERATORS names EMPLOYEE_ID, which nothing looks for"):
        redaction(Settings(pii_operators="EMPLOYEE_ID=mask"), [])
    (tmp_path / "ours.yaml").write_text(YAML)
    found = redaction(Settings(pii_operators="EMPLOYEE_ID=mask,*=drop"), load(tmp_path))
    assert (found.operator("EMPLOYEE_ID"), found.operator("PERSON")) == (Operator.MASK, Operator.DROP)


def test_a_span_outside_the_text_fails_the_attempt(tmp_path) -> None:
    (tmp_path / "b.py").write_text(PYTHON.replace("place + 8", "place + 800"))
    with pytest.raises(ValueError, match="ProjectRecognizer gave the span"):
        _found(tmp_path, "Bluebird")
