"""Branch A: rules on every reading of a text."""

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from app.detection.confusables import fold
from app.detection.disguise import Disguise
from app.detection.normalise import Readings, read
from app.detection.rules import Rule, RuleSet
from app.detection.rules.live import LiveRules
from app.schemas.detection import BranchName, BranchResult, Evidence
from app.text import Span, overlaps

EVASION = "encoding_evasion"
# Findings this close to each other (code points) speak for one another; farther ones do not add up,
# or every long document would reach any threshold.
NEIGHBOURHOOD = 600
# A match that had to be decoded first is no accident.
DECODED_BONUS = 15.0
QUOTED, TAUGHT, CODED = 0.55, 0.5, 0.7
LEAST_CONTEXT = 0.4
# Disguised characters or words of one kind that count in one neighbourhood.
MOST_DISGUISES = 6
_CONTEXT = 160

_DISGUISES = {
    "smuggled": 60.0,
    "look-alike": 35.0,
    "invisible": 14.0,
    "bidirectional": 25.0,
    "stacked marks": 10.0,
}
_TEACHING = re.compile(
    r"\b(?:example(?:s)? of|such as|e\.g\.|explain (?:how|why|what|the)|"
    r"what (?:does|is|are) (?:a |an |the )?(?:prompt|jailbreak|phrase|term|sentence|attack)|"
    r"how (?:does|do|can i (?:detect|defend|protect|prevent)|to (?:detect|defend|protect|prevent|block|stop))|"
    r"detect(?:s|ing|ion)?|classif\w+|label\w*|annotat\w+|prevent\w*|defen[cd]\w+|mitigat\w+|known as|"
    r"attackers? (?:may|might|can|could|often|try|will|use|write)|(?:phrase|prompt|string|message)s? like|"
    r"research\w*|paper|article|blog post|lecture|training|awareness|owasp|unit test|test case|regex|"
    r"przyklad\w*|na przyklad|np\.|co (?:oznacza|znaczy|to jest)|wyjasnij|wytlumacz|"
    r"jak (?:wykry\w+|bronic|chronic|zabezpieczyc|zapobiec|rozpoznac|dziala\w*)|wykryw\w+|klasyfik\w+|"
    r"oznacz\w+|obron\w+|zapobieg\w+|atakujac\w+|napastni\w+|(?:fraz|tekst|zdani)\w* typu|szkoleni\w+|"
    r"artykul\w*|wyklad\w*|badani\w+|warsztat\w*|test\w* jednostkow\w+)\b"
)
_FENCE = re.compile(r"```")


@dataclass(slots=True)
class _Finding:
    span: Span
    category: str
    score: float
    rule: str


class Heuristics:
    """Branch A. Thread-safe."""

    branch = BranchName.HEURISTICS

    def __init__(self, rules: RuleSet | LiveRules | None = None) -> None:
        self._rules = rules or RuleSet.load()

    @property
    def rules(self) -> RuleSet:
        """The rules in use."""
        return self._rules.current if isinstance(self._rules, LiveRules) else self._rules

    @classmethod
    def load(cls, *folders: Path) -> "Heuristics":
        """Built-in rules, and those of `folders`. Raises RuleError."""
        return cls(RuleSet.load(*folders))

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text in time linear in its length."""
        started = perf_counter()
        readings = read(text)
        findings = self._findings(readings) + _disguises(readings.disguises)
        findings.sort(key=lambda finding: finding.span)
        score = _combine(findings)
        strongest = sorted(findings, key=lambda finding: -finding.score)
        return BranchResult(
            branch=self.branch,
            score=round(score, 1),
            categories=tuple(dict.fromkeys(item.category for item in strongest if item.score >= 30)),
            evidence=tuple(
                Evidence(
                    start=item.span.start, end=item.span.end, category=item.category,
                    score=round(item.score, 1), branch=self.branch, rule=item.rule,
                )
                for item in findings
            ),
            latency_ms=round((perf_counter() - started) * 1000, 3),
        )  # fmt: skip

    def _findings(self, readings: Readings) -> list[_Finding]:
        found: list[_Finding] = []
        rules = self.rules
        plain: dict[str, list[Span]] = {}
        for layer in readings.layers:
            folded = fold(layer.text)
            fences = [match.start() for match in _FENCE.finditer(folded)]
            for rule, start, end in rules.find(folded, unspaced=layer.unspaced):
                span = layer.span(start, end)
                if any(overlaps(span, other) for other in plain.get(rule.name, ())):
                    continue
                plain.setdefault(rule.name, []).append(span)
                score = _in_context(rule, folded, start, end, fences)
                if layer.decoded:
                    score = min(100.0, rule.score + DECODED_BONUS)
                    found.append(_Finding(span, EVASION, score, layer.name))
                found.append(_Finding(span, rule.category, score, rule.name))
        return found


def _in_context(rule: Rule, folded: str, start: int, end: int, fences: list[int]) -> float:
    """A rule's score, lowered where the match is quoted, taught about, or stands in code."""
    if not rule.context:
        return rule.score
    factor = 1.0
    before = folded[max(0, start - _CONTEXT) : start]
    after = folded[end : end + _CONTEXT]
    line_before, line_after = before.rsplit("\n", 1)[-1], after.split("\n", 1)[0]
    if any(line_before.count(mark) % 2 and mark in line_after for mark in '"`'):
        factor *= QUOTED
    if _TEACHING.search(before):
        factor *= TAUGHT
    if bisect_right(fences, start) % 2 and len(fences) > 1:
        factor *= CODED
    return rule.score * max(factor, LEAST_CONTEXT)


def _disguises(disguises: tuple[Disguise, ...]) -> list[_Finding]:
    return [_Finding(item.span, EVASION, _DISGUISES[item.kind], item.kind) for item in disguises]


def _combine(findings: list[_Finding]) -> float:
    """The highest score of any neighbourhood; its members are raised to it.

    Findings that overlap count once, as the strongest of them. Apart from that, distinct rules in one
    neighbourhood count as independent: 1 - (1 - a)(1 - b). A rule that matches again adds nothing;
    disguises do add up.
    """
    stretches: list[list[_Finding]] = []
    end = -1
    for finding in findings:
        if finding.span.start < end and finding.rule not in _DISGUISES:
            stretches[-1].append(finding)
        else:
            stretches.append([finding])
        end = max(end, finding.span.end)
    strongest = [max(stretch, key=lambda item: item.score) for stretch in stretches]
    best, first = 0.0, 0
    present: dict[str, list[float]] = {}
    raised = [finding.score for finding in strongest]
    for last, finding in enumerate(strongest):
        present.setdefault(finding.rule, []).append(finding.score)
        while finding.span.start - strongest[first].span.start > NEIGHBOURHOOD:
            present[strongest[first].rule].pop(0)
            first += 1
        doubt = 1.0
        for rule, scores in present.items():
            counted = scores[:MOST_DISGUISES] if rule in _DISGUISES else [max(scores, default=0.0)]
            doubt *= math.prod(1 - score / 100 for score in counted)
        together = 100 * (1 - doubt)
        best = max(best, together)
        if together > max(raised[first : last + 1]):
            raised[first : last + 1] = [together] * (last + 1 - first)
    for stretch, score in zip(stretches, raised, strict=True):
        for finding in stretch:
            finding.score = max(finding.score, score if score >= 30 else 0.0)
    return best
