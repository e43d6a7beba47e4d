"""Recognizers of the operator's own, from files: patterns in YAML, classes in Python.

A YAML file has Presidio's shape (docs/pii.md has an example):

    recognizers:
      - name: Employee number
        supported_entity: EMPLOYEE_ID
        patterns:
          - {name: with prefix, regex: "\\\\bE-[0-9]{6}\\\\b", score: 0.4}
        context: [employee, pracownik]
        checksum: luhn
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract, isclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import re2
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.errors import SettingsError
from app.pii.document import Document
from app.pii.label import WINDOW, WINDOW_AFTER
from app.pii.recognizers.base import EntityRecognizer, Recognizer, RecognizerResult
from app.pii.recognizers.card import is_luhn
from app.pii.recognizers.nip import is_nip
from app.pii.recognizers.pesel import is_pesel
from app.pii.recognizers.regon import is_regon
from app.pii.recognizers.uk_nhs import is_nhs
from app.pii.shadow import fold

# As in Presidio: a context word next to a match raises its score by this much.
CONTEXT_BONUS = 0.35
MIN_SCORE = 0.5
CHECKSUMS: Mapping[str, Callable[[str], bool]] = {
    "luhn": is_luhn,
    "pesel": lambda digits: len(digits) == 11 and is_pesel(digits),
    "nip": lambda digits: len(digits) == 10 and is_nip(digits),
    "regon": lambda digits: len(digits) in (9, 14) and is_regon(digits),
    "nhs": lambda digits: len(digits) == 10 and is_nhs(digits),
}  # fmt: skip
_SUFFIXES = {".yaml", ".yml", ".py"}


class Pattern(BaseModel):
    """One regular expression in RE2's syntax, which takes linear time whatever the text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    regex: str = Field(min_length=1)
    score: float = Field(default=0.6, ge=0, le=1)

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str) -> str:
        try:
            compiled = re2.compile(regex, _quiet())
        except re2.error as error:
            raise ValueError(f"is no regular expression of RE2: {error}") from None
        if compiled.match("") is not None:
            raise ValueError("matches the empty text: it would match everywhere")
        return regex


class Definition(BaseModel):
    """One recognizer of a YAML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    supported_entity: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    patterns: Annotated[list[Pattern], Field(min_length=1)]
    context: list[str] = []
    checksum: str | None = None

    @field_validator("checksum")
    @classmethod
    def _known(cls, checksum: str | None) -> str | None:
        if checksum is not None and checksum not in CHECKSUMS:
            raise ValueError(f"is one of {', '.join(CHECKSUMS)}")
        return checksum


class Definitions(BaseModel):
    """A YAML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recognizers: Annotated[list[Definition], Field(min_length=1)]


class PatternRecognizer(Recognizer):
    """Finds what a definition describes."""

    def __init__(self, definition: Definition) -> None:
        self.name = definition.name
        self.supported_entities = (definition.supported_entity,)
        self._type = definition.supported_entity
        self._patterns = [
            (re2.compile(pattern.regex, _quiet()), pattern.score) for pattern in definition.patterns
        ]
        self._context = tuple(fold(word) for word in definition.context)
        self._check = CHECKSUMS[definition.checksum] if definition.checksum else None

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Matches that pass the checksum and, with their context, reach the least score."""
        for pattern, score in self._patterns:
            for match in pattern.finditer(document.text):
                if self._check and not self._check("".join(filter(str.isdecimal, match.group()))):
                    continue
                total = min(1.0, score + CONTEXT_BONUS) if self._in_context(document, match) else score
                if total >= MIN_SCORE:
                    yield RecognizerResult(self._type, match.start(), match.end(), total)

    def _in_context(self, document: Document, match: Any) -> bool:
        around = (
            document.folded[max(0, match.start() - WINDOW) : match.start()]
            + " "
            + document.folded[match.end() : match.end() + WINDOW_AFTER]
        )
        return any(word in around for word in self._context)


def load(path: Path) -> list[EntityRecognizer]:
    """The recognizers in a file, or in every file of a folder, by name.

    Raises:
        SettingsError: the path holds none, or one of them cannot work; the message names file and reason.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.suffix in _SUFFIXES]
    if not files or not files[0].exists():
        raise SettingsError(f"PII_RECOGNIZERS={path}: there is no .yaml or .py file")
    found: list[EntityRecognizer] = []
    for file in files:
        found += _from_python(file) if file.suffix == ".py" else _from_yaml(file)
    return found


def _from_yaml(file: Path) -> list[EntityRecognizer]:
    try:
        definitions = Definitions.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(f"{file}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    return [PatternRecognizer(definition) for definition in definitions.recognizers]


def _from_python(file: Path) -> list[EntityRecognizer]:
    module = _imported(file)
    classes = [
        value
        for value in vars(module).values()
        if isclass(value) and value.__module__ == module.__name__ and hasattr(value, "analyze")
        if not isabstract(value)
    ]
    if not classes:
        raise SettingsError(f"{file}: no class with the method analyze(text, entities, nlp_artifacts)")
    return [_instance(file, cls) for cls in classes]


def _imported(file: Path) -> ModuleType:
    name = f"vigil_recognizers_{file.stem}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{file} is no Python module")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SettingsError(f"{file}: {type(error).__name__}: {error}") from None
    return module


def _instance(file: Path, cls: type) -> EntityRecognizer:
    try:
        recognizer: EntityRecognizer = cls()
        kinds = list(recognizer.supported_entities)
        found = list(recognizer.analyze("Probe 1", kinds, None))
        probes = [(one.entity_type, one.start, one.end, one.score) for one in found]
    except Exception as error:
        raise SettingsError(f"{file}: {cls.__name__}: {type(error).__name__}: {error}") from None
    if not kinds or not all(isinstance(kind, str) for kind in (*kinds, *(probe[0] for probe in probes))):
        raise SettingsError(f"{file}: {cls.__name__}: supported_entities must name its types")
    return recognizer


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
