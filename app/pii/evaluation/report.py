"""Scores as tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from app.pii.evaluation.corpus import Sample, Span
from app.pii.evaluation.score import Score, scores, total

Pairs = Sequence[tuple[Sample, Sequence[Span]]]

TITLES = {
    "blind": "Texts written after the rules",
    "sentences": "Texts written before and along with the rules",
}


def report(found: Mapping[str, Mapping[str, Pairs]]) -> str:
    """Markdown: for each part of the corpus, all systems side by side, then ours by type, language and length."""
    return "\n".join(line for part, systems in found.items() for line in _part(TITLES[part], systems))


def _part(title: str, systems: Mapping[str, Pairs]) -> Iterable[str]:
    pairs = next(iter(systems.values()))
    clean = sum(not sample.spans for sample, _ in pairs)
    count = sum(len(sample.spans) for sample, _ in pairs)
    yield f"### {title}\n"
    yield f"{len(pairs)} texts, {count} spans, {clean} clean texts. F1, higher is better; the last column, lower.\n"
    yield "| | all | without names | names, Polish | names, English | short | long | clean texts hit |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, answers in systems.items():
        yield f"| {name} | " + " | ".join(_row(answers)) + " |"
    yield ""
    by_system = {name: scores(answers) for name, answers in systems.items()}
    types = sorted({span.type for sample, _ in pairs for span in sample.spans})
    yield "| type | spans | " + " | ".join(systems) + " |"
    yield "|---|---|" + "---|" * len(systems)
    for kind in types:
        spans = sum(span.type == kind for sample, _ in pairs for span in sample.spans)
        cells = [f"{by_type.get(kind, Score(0, 0, spans)).f1:.2f}" for by_type in by_system.values()]
        yield f"| {kind} | {spans} | " + " | ".join(cells) + " |"
    yield ""


def _row(pairs: Pairs) -> list[str]:
    def f1(wanted: Callable[[Sample], bool], only: str = "", without: Sequence[str] = ()) -> str:
        by_type = scores((sample, spans) for sample, spans in pairs if wanted(sample))
        kept = {kind: score for kind, score in by_type.items() if not only or kind == only}
        return f"{total(kept, without).f1:.3f}"

    clean = [spans for sample, spans in pairs if not sample.spans]
    hit = sum(bool(spans) for spans in clean)
    return [
        f1(lambda _: True),
        f1(lambda _: True, without=("PERSON",)),
        f1(lambda sample: sample.language == "pl", only="PERSON"),
        f1(lambda sample: sample.language == "en", only="PERSON"),
        f1(lambda sample: sample.length == "short"),
        f1(lambda sample: sample.length == "long"),
        f"{hit / len(clean):.1%}",
    ]
