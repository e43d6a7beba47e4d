"""`python -m app.detection.training.counts`: count the project's own texts and renew the tables of `docs/corpus.md`."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from app.detection.training.sources import Example, corpus

PAGE = Path(__file__).parents[3] / "docs" / "corpus.md"
BEGIN, END = "<!-- counts -->", "<!-- /counts -->"
# Upper bounds of the length classes, in characters.
LENGTHS = (100, 300, 1000, 2500)


def main() -> None:
    """Print the tables and write them into the page."""
    counted = tables(list(corpus()))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), counted), encoding="utf-8")
    sys.stdout.write(counted + "\n")


def renewed(page: str, counted: str) -> str:
    """The page with new tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE.name} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{counted}\n{END}{after}"


def tables(examples: list[Example]) -> str:
    """Markdown: all texts, then attacks and benign texts by kind, by length, by split."""
    attacks = [example for example in examples if example.attack]
    benign = [example for example in examples if not example.attack]
    return "\n\n".join(
        (
            _table("", ("texts", "in Polish", "in English"), _totals(attacks, benign)),
            _by("Attacks by kind", attacks, lambda example: example.kind),
            _by("Benign texts by kind", benign, lambda example: example.kind),
            _by("Attacks by carrier", attacks, lambda example: example.carrier),
            _by("Benign texts by carrier", benign, lambda example: example.carrier),
            _by("All by length in characters", examples, lambda example: _length(len(example.text))),
            _by("All by split", examples, lambda example: example.split),
        )
    )


def _totals(attacks: list[Example], benign: list[Example]) -> list[tuple[str, list[Example]]]:
    return [
        ("all", attacks + benign),
        ("attacks", attacks),
        ("of them hidden in a document", [example for example in attacks if example.hidden]),
        ("benign", benign),
        ("of them hard negatives", [example for example in benign if example.hard]),
    ]


def _by(title: str, examples: list[Example], group: Callable[[Example], str]) -> str:
    names = sorted({group(example) for example in examples}, key=_order)
    rows = [(name, [example for example in examples if group(example) == name]) for name in names]
    return _table(title, ("texts", "in Polish", "in English"), rows)


def _order(name: str) -> tuple[int, str]:
    return (int(name.rsplit(maxsplit=1)[-1]), name) if name[-1].isdigit() else (1 << 20, name)


def _length(characters: int) -> str:
    return next((f"up to {bound}" for bound in LENGTHS if characters <= bound), "longer")


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, list[Example]]]) -> str:
    lines = [f"| {title} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, examples in rows:
        languages = Counter(example.language for example in examples)
        lines.append(f"| {name} | {len(examples)} | {languages['pl']} | {languages['en']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
