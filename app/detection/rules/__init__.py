"""Rules of the heuristics branch: data in YAML, validated and compiled here.

A file holds `rules`, `macros` or both; macros are shared by all files. Patterns are RE2, so matching takes
time linear in the text whatever a pattern says. They are matched on folded text (lower case, no diacritics).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import re2
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.detection.confusables import fold

BUILT_IN = Path(__file__).parent
# Matches of one rule in one layer beyond this add nothing: the text is long past any threshold.
MAX_MATCHES = 200
# The automaton of all patterns; a smaller cache is rebuilt again and again on mixed text.
_SET_MEMORY = 64 << 20

_MACRO = re.compile(r"\{([a-z_][a-z_0-9]*)\}")


class RuleError(ValueError):
    """A rule file that cannot be used; the message names file, rule and reason."""


class Rule(BaseModel):
    """A rule as written: `matches` and `rejects` are its own tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,63}$")
    category: str = Field(pattern=r"^[a-z][a-z_]{2,63}$")
    score: Annotated[float, Field(gt=0, le=100)]
    patterns: tuple[str, ...] = Field(min_length=1)
    context: bool = Field(default=True, description="Quotation, teaching and code lower the score.")
    matches: tuple[str, ...] = Field(min_length=1)
    rejects: tuple[str, ...] = Field(min_length=1)


class RuleSet:
    """Compiled rules. Immutable and safe to share between threads."""

    def __init__(self, rules: Iterable[Rule], macros: dict[str, str]) -> None:
        self.rules = tuple(rules)
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RuleError(f"rule names used twice: {', '.join(twice)}")
        self._plain = _Matcher(self.rules, macros, spaced=True)
        self._loose = _Matcher(self.rules, macros, spaced=False)

    @classmethod
    def load(cls, *folders: Path) -> "RuleSet":
        """Read every `*.yaml` of the built-in folder and of `folders`.

        Raises:
            RuleError: a file is no YAML, has an unknown field, or a pattern does not compile.
        """
        rules: list[Rule] = []
        macros: dict[str, str] = {}
        for path in (path for folder in (BUILT_IN, *folders) for path in sorted(folder.glob("*.yaml"))):
            content = _read(path)
            macros.update({str(name): str(text) for name, text in (content.get("macros") or {}).items()})
            for entry in content.get("rules") or []:
                try:
                    rules.append(Rule.model_validate(entry))
                except ValidationError as error:
                    problem = error.errors()[0]
                    where = ".".join(map(str, problem["loc"]))
                    raise RuleError(f"{path.name}: {entry.get('name')}: {where}: {problem['msg']}") from None
        return cls(rules, macros)

    def test(self) -> None:
        """Put every rule to its own examples.

        Raises:
            RuleError: a rule misses one of its `matches` or finds one of its `rejects`.
        """
        for rule in self.rules:
            for examples, wanted in ((rule.matches, True), (rule.rejects, False)):
                for example in examples:
                    found = any(rule is other for other, _, _ in self.find(fold(example)))
                    if found is not wanted:
                        fault = "does not match" if wanted else "matches"
                        raise RuleError(f"{rule.name}: it {fault} its own example {example!r}")

    def find(self, folded: str, *, unspaced: bool = False) -> Iterator[tuple[Rule, int, int]]:
        """Every match in folded text, with its span; `unspaced` for text that lost its word boundaries."""
        return (self._loose if unspaced else self._plain).find(folded)


class _Matcher:
    """All patterns in one automaton, which says which rules to look for; then each of those by itself."""

    def __init__(self, rules: tuple[Rule, ...], macros: dict[str, str], *, spaced: bool) -> None:
        options = re2.Options()
        options.max_mem = _SET_MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._patterns: list[tuple[Rule, Any]] = []
        for rule in rules:
            for pattern in rule.patterns:
                text = expand(pattern, macros, rule.name)
                if not spaced:
                    text = text.replace(r"\b", "").replace(r"\W+", r"\W*").replace(r"\s+", r"\s*")
                    text = text.replace(" ", r"\W*")
                try:
                    self._set.Add(text)
                    self._patterns.append((rule, re2.compile(text)))
                except re2.error as error:
                    raise RuleError(f"{rule.name}: {error}: {pattern}") from None
        self._set.Compile()

    def find(self, folded: str) -> Iterator[tuple[Rule, int, int]]:
        for index in sorted(self._set.Match(folded) or ()):
            rule, pattern = self._patterns[index]
            for match in islice(pattern.finditer(folded), MAX_MATCHES):
                if match.end() > match.start():
                    yield rule, match.start(), match.end()


def expand(pattern: str, macros: dict[str, str], rule: str = "") -> str:
    """`pattern` with its macros put in, folded as texts are.

    Raises:
        RuleError: a macro is not defined, or macros nest without end.
    """
    text = pattern
    for _ in range(5):
        if not _MACRO.search(text):
            return text if text.isascii() else fold(text)
        try:
            text = _MACRO.sub(lambda found: macros[found[1]], text)
        except KeyError as missing:
            raise RuleError(f"{rule}: no macro {missing}") from None
    raise RuleError(f"{rule}: macros nest too deep")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(f"{path.name}: {error}") from None
    if not isinstance(content, dict) or set(content) - {"rules", "macros"}:
        raise RuleError(f"{path.name}: expected `rules` and `macros`")
    return content
