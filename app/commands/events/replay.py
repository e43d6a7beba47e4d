"""`vigil events replay`: which verdicts another policy would change."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.arbiter.decide import Thresholds
from app.commands.events.connection import event_log
from app.commands.events.display import at, number, printable, to_json
from app.commands.events.options import AsJson, Category, Client, Decided, Since, Towards, Until, chosen
from app.commands.events.rejudge import Policy, Rejudged, rejudge
from app.errors import SettingsError
from app.events.connection import Connection
from app.events.filters import Filter
from app.events.queries import EventQueries
from app.events.texts import open_text, text_sealer
from app.schemas.detection import BranchName
from app.schemas.event import Outcome
from app.settings import Settings, settings

PAGE = 200
TOGETHER = 8


def replay(  # noqa: PLR0917 - one parameter for each option
    since: Since = "7d",
    until: Until = None,
    block_threshold: Annotated[
        float | None, typer.Option(min=0, max=100, help="Instead of BLOCK_THRESHOLD.")
    ] = None,
    sanitize_threshold: Annotated[
        float | None, typer.Option(min=0, max=100, help="Instead of SANITIZE_THRESHOLD.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A folder of rule files, beside the built-in rules.")
    ] = None,
    client: Client = None,
    decision: Decided = None,
    direction: Towards = None,
    category: Category = None,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many at most.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Judge stored events again under another policy and print which verdicts would change. Nothing is changed."""
    config = settings()
    which = replace(
        chosen(since, until, client=client, decision=decision, direction=direction, category=category),
        outcome=Outcome.ANSWERED,
    )
    policies = _policies(config, block_threshold, sanitize_threshold, rules)
    with event_log(config) as connection:
        report = asyncio.run(_replay(connection, config, which, limit, policies))
    if as_json:
        typer.echo(to_json(report))
    else:
        _print(report)


def _policies(
    config: Settings, block: float | None, sanitize: float | None, rules: Path | None
) -> tuple[Policy, Policy]:
    from app.detection.heuristics import Heuristics  # noqa: PLC0415 - engines, which other commands do not need
    from app.detection.rules import RuleError  # noqa: PLC0415
    from app.subscribers.engines import branches  # noqa: PLC0415

    thresholds = Thresholds(block=config.block_threshold, sanitize=config.sanitize_threshold)
    wanted = Thresholds(
        block=thresholds.block if block is None else block,
        sanitize=thresholds.sanitize if sanitize is None else sanitize,
    )
    if wanted.sanitize > wanted.block:
        raise SettingsError(
            f"the threshold for SANITIZE ({wanted.sanitize:g}) is above that for BLOCK ({wanted.block:g}): "
            "no text could be sanitized; give both options"
        )
    engines = dict(branches())
    others = dict(engines)
    if rules is not None:
        if not rules.is_dir():
            raise SettingsError(f"--rules {rules}: it is no folder; put the *.yaml files into one")
        try:
            others[BranchName.HEURISTICS] = Heuristics.load(rules)
        except RuleError as error:
            raise SettingsError(f"--rules: {error}") from None
    return Policy(engines, thresholds), Policy(others, wanted)


async def _replay(
    connection: Connection, config: Settings, which: Filter, limit: int, policies: tuple[Policy, Policy]
) -> dict[str, Any]:
    queries = EventQueries(connection, config.clickhouse_database)
    total = min(queries.count(which), limit)
    kept: Counter[str] = Counter()
    judged: list[Rejudged] = []
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("judging", total=total)
        for page in _pages(queries, which, total):
            texts = _texts(queries, config, page)
            kept.update(kind for kind, _ in texts.values())
            some = [(row, texts[row["event_id"]][1]) for row in page if texts[row["event_id"]][1]]
            for start in range(0, len(some), TOGETHER):
                judged += await asyncio.gather(
                    *(rejudge(row, text, *policies) for row, text in some[start : start + TOGETHER])
                )
            progress.advance(task, len(page))
    changed = [one for one in judged if one.changes]
    return {
        "since": which.since,
        "events": total,
        "judged": len(judged),
        "texts": {kind: kept[kind] for kind in ("original", "redacted", "not kept")},
        "changed": [_change(one) for one in changed],
        "changes": dict(
            Counter(
                f"{one.present.decision.value} -> {one.other.decision.value}" for one in changed
            ).most_common()
        ),
        "own_policy": sum(one.event["policy_version"] > 0 for one in judged),
        "drifted": sum(one.drifted for one in judged),
    }


def _pages(queries: EventQueries, which: Filter, total: int) -> Iterator[list[dict[str, Any]]]:
    cursor = None
    while total > 0:
        page = queries.page(which, limit=min(PAGE, total), cursor=cursor)
        if page.events:
            yield page.events
        total -= len(page.events)
        if (cursor := page.next_cursor) is None:
            return


def _texts(queries: EventQueries, config: Settings, page: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """For each event the best text there is, and which kind that is."""
    sealed = queries.sealed_texts([row["event_id"] for row in page])
    sealer = text_sealer(config) if sealed else None
    found = {}
    for row in page:
        name = row["event_id"]
        if sealer is not None and name in sealed:
            found[name] = ("original", open_text(sealer, name, sealed[name]))
        else:
            found[name] = ("redacted" if row["redacted_text"] else "not kept", row["redacted_text"])
    return found


def _change(one: Rejudged) -> dict[str, Any]:
    event = one.event
    return {
        "request_id": event["request_id"],
        "client_id": event["client_id"],
        "accepted_at": event["accepted_at"],
        "was": event["arbiter_decision"],
        "present": one.present.decision.value,
        "other": one.other.decision.value,
        "threat_score_was": event["threat_score"],
        "threat_score_present": one.present.threat_score,
        "threat_score_other": one.other.threat_score,
        "redacted_text": event["redacted_text"],
    }


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False)
    if report["changed"]:
        table = Table("accepted", "request", "client", "was", "would be", "score", "text")
        for row in report["changed"]:
            table.add_row(
                at(row["accepted_at"]), printable(row["request_id"]), printable(row["client_id"]), row["present"],
                row["other"], number(row["threat_score_other"]), printable(row["redacted_text"], 60),
            )  # fmt: skip
        console.print(table)
    console.print(f"{len(report['changed'])} of {report['judged']} verdicts would change")
    for change, times in report["changes"].items():
        console.print(f"  {times:>7}  {change}")
    texts = report["texts"]
    if texts["redacted"]:
        console.print(
            f"{texts['redacted']} texts are kept redacted only: what was removed from them cannot be judged again. "
            "VIGIL_EVENT_TEXT=raw keeps originals, sealed."
        )
    if texts["not kept"]:
        console.print(f"{texts['not kept']} events have no text and were left out.")
    if report["own_policy"]:
        console.print(
            f"{report['own_policy']} of them were decided under a policy of their client, which is not applied here."
        )
    if report["drifted"]:
        console.print(
            f"{report['drifted']} verdicts come out otherwise today under the present policy too (redacted text, newer "
            "engines, or a branch that was late then); they count as changed only where the two policies differ."
        )
