"""`make eval-pii`: the quality of the search for personal data, ours and others', into docs/pii.md.

python -m app.pii.evaluation [--peers PYTHON] [--rounds 3] [--seed 1]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.pii.evaluation import peers
from app.pii.evaluation.corpus import Sample, Span, samples
from app.pii.evaluation.report import report
from app.pii.evaluation.systems import System, peer, vigil

PAGE = Path(__file__).parents[3] / "docs" / "pii.md"
BEGIN, END = "<!-- figures: make eval-pii -->\n", "<!-- end of figures -->"


def evaluate(
    python: Annotated[
        Path | None, typer.Option("--peers", help="The Python that has the other tools.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each sentence is filled.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the generated values.")] = 1,
) -> None:
    """Measure, print, and renew the tables of docs/pii.md."""
    systems: dict[str, System] = {"Vigil": vigil}
    if python is not None:
        systems |= {name: peer(name, python) for name in peers.PEERS}
    parts = {part: list(samples(rounds, seed, part)) for part in ("blind", "sentences")}
    text = report({part: _found(systems, texts) for part, texts in parts.items()})
    typer.echo(text)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")


def _found(
    systems: dict[str, System], texts: Sequence[Sample]
) -> dict[str, list[tuple[Sample, Sequence[Span]]]]:
    return {name: list(zip(texts, system(texts), strict=True)) for name, system in systems.items()}


if __name__ == "__main__":
    typer.run(evaluate)
