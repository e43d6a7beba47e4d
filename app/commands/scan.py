"""`vigil scan`: judge the lines of a file, without a server."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from app.access.policy_document import parse_policy
from app.arbiter.decide import Thresholds
from app.commands.policy import read_policy, stored_policy
from app.commands.report import Row, labelled
from app.commands.report import report as figures
from app.errors import StartError, VigilError
from app.runtime.dead_letters import describe
from app.schemas.detection import BranchName
from app.schemas.guard import GuardRequest, Mode
from app.schemas.policy import Policy
from app.settings import settings

if TYPE_CHECKING:
    from app.commands.judge import Judged

# Judged side by side: the engines' threads take two texts at a time, the rest waits here.
TOGETHER = 8


def scan(
    file: Annotated[Path, typer.Argument(help='Lines of {"text": ...}.')],
    mode: Annotated[Mode, typer.Option(help="`fast` skips the classifier.")] = Mode.FULL,
    out: Annotated[Path | None, typer.Option(help="Where to write; standard output by default.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="A file as for `vigil policy set`, or the name of a client that has one."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help='Of lines with a "label" (attack, benign): figures, as Markdown.')
    ] = None,
) -> None:
    """Judge each line of FILE, in order, keeping its fields. A bad line is reported and the rest goes on."""
    held_to = _policy(policy, mode)
    try:
        lines = [
            (number, line) for number, line in enumerate(file.read_bytes().split(b"\n"), 1) if line.strip()
        ]
        with _output(out) as output:
            judged: list[Row] | None = None if report is None else []
            bad = asyncio.run(_scan(lines, mode, held_to, output, judged))
        if report is not None and judged is not None:
            _report(judged, f"{file.name}, {mode.value} mode", report)
    except OSError as error:
        raise StartError(f"{error.filename}: {error.strerror}") from None
    if bad:
        raise StartError(f"{bad} of {len(lines)} lines could not be judged, see above")


def _policy(name: str | None, mode: Mode) -> Policy:
    """What the lines are judged by: a file's policy, a client's, or the deployment's."""
    if name is None:
        return Policy()
    document = parse_policy(read_policy(name)) if Path(name).exists() else stored_policy(name)
    if mode not in document.modes:
        raise VigilError(f"the policy does not allow the mode {mode}: scan with --mode {document.modes[0]}")
    return document.for_workers


def _output(out: Path | None) -> AbstractContextManager[IO[str]]:
    return nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8")


def _report(judged: list[Row], title: str, path: Path) -> None:
    rows = labelled(judged)
    if not rows:
        raise StartError('no report: no line has a field "label" that is "attack" or "benign"')
    path.write_text(figures(rows, title), encoding="utf-8")


async def _scan(
    lines: list[tuple[int, bytes]], mode: Mode, policy: Policy, output: IO[str], judged_rows: list[Row] | None
) -> int:
    from app.commands.judge import judge  # noqa: PLC0415 - loads the engines, which other commands do not need

    config = settings()
    thresholds = Thresholds(block=config.block_threshold, sanitize=config.sanitize_threshold)
    bad = 0
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("scanning", total=len(lines))
        for some in _groups(lines):
            parsed = [_parse(number, line, mode, policy) for number, line in some]
            judged = await asyncio.gather(
                *(judge(item[1], thresholds) for item in parsed if item is not None)
            )
            answers = iter(judged)
            for item in parsed:
                if item is None:
                    bad += 1
                    continue
                fields = {**item[0], **_row(next(answers))}
                if judged_rows is not None:
                    judged_rows.append(fields)
                row = json.dumps(fields, ensure_ascii=False)
                output.write(row.encode("utf-8", "surrogatepass").decode("utf-8", "replace") + "\n")
            progress.advance(task, len(some))
    return bad


def _groups(lines: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    for start in range(0, len(lines), TOGETHER):
        yield lines[start : start + TOGETHER]


def _parse(
    number: int, line: bytes, mode: Mode, policy: Policy
) -> tuple[dict[str, Any], GuardRequest] | None:
    """The line's own fields and the request in it; None, after a word to the user, when it holds none."""
    try:
        fields = json.loads(line)
    except ValueError as error:
        _complain(number, f"not valid JSON: {error}")
        return None
    if not isinstance(fields, dict) or "text" not in fields:
        _complain(number, 'not an object with a field "text"')
        return None
    try:
        request = GuardRequest(request_id=f"line-{number}", text=fields["text"], mode=mode, policy=policy)
    except ValidationError as error:
        _complain(number, describe(error))
        return None
    return fields, request


def _complain(number: int, reason: str) -> None:
    typer.echo(f"line {number}: {reason}", err=True)


def _row(judged: "Judged") -> dict[str, Any]:
    detection, findings = judged.result.detection, judged.result.findings
    shadow = judged.verdict.shadow_decision
    score = {name: branch.score if (branch := detection.branch(name)) else None for name in BranchName}
    return {
        "decision": judged.verdict.decision.value,
        "threat_score": judged.verdict.threat_score,
        "weighted_score": detection.weighted_score,
        "branch_a_score": score[BranchName.HEURISTICS],
        "branch_b_score": score[BranchName.SEMANTIC],
        "branch_c_score": score[BranchName.CLASSIFIER],
        "categories": list(detection.categories),
        "evidence": [
            item.model_dump(mode="json", include={"start", "end", "category", "score"})
            for item in detection.evidence
        ],
        "entities": [entity.model_dump(mode="json") for entity in findings.entities],
        "language": findings.language.value,
        "sanitized_text": judged.verdict.sanitized_text,
        **({} if shadow is None else {"shadow_decision": shadow.value}),
    }
