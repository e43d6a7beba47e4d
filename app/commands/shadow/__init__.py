"""`vigil shadow`: where Vigil's verdicts differ from those of the n8n workflow that it replaces."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import Progress

from app.commands.service import api_key, api_url
from app.commands.shadow.cases import Case, read_file
from app.commands.shadow.comparison import Compared, report
from app.commands.shadow.display import show
from app.commands.shadow.event_log import read_events
from app.commands.shadow.sides import Vigil, Webhook
from app.errors import StartError, VigilError
from app.schemas.guard import Mode
from app.settings import settings


def shadow(  # noqa: PLR0917 - one parameter for each option
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Texts or events of the predecessor: JSONL or CSV. Without: --since reads its event log."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Read events of the last 24h, 7d from its table events_v2 in CLICKHOUSE_HOST."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Its webhook: ask it beside Vigil. PREDECESSOR_TOKEN is its X-Vigil-Auth."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="`fast` skips the classifier.")] = Mode.FULL,
    limit: Annotated[int, typer.Option(min=1, help="Compare so many at most.")] = 10_000,
    together: Annotated[int, typer.Option(min=1, max=64, help="Texts under way at the same time.")] = 4,
    out: Annotated[Path | None, typer.Option(help="Write each comparison to this file, as JSONL.")] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Show and write the texts, too: they may hold personal data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one object.")] = False,
) -> None:
    """Ask the running Vigil about texts that the predecessor has judged, and report the differences. VIGIL_URL and
    VIGIL_API_KEY name another Vigil.
    """
    if (file is None) == (since is None):
        raise VigilError("name a FILE, or say --since to read the predecessor's event log")
    cases = read_file(file) if file else read_events(settings(), since or "", limit)
    cases = cases[:limit]
    if against is None and (lacking := sum(case.theirs is None for case in cases)):
        raise VigilError(
            f"{lacking} of {len(cases)} texts have no verdict of the predecessor: ask it with --against URL"
        )
    compared = asyncio.run(_compare(cases, mode, against, together))
    if out is not None:
        _write(out, compared, texts)
    found = report(compared, texts=texts)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        show(found)
    if failed := sum(one.failure is not None for one in compared):
        raise StartError(f"{failed} of {len(compared)} texts could not be compared, see above")


def _write(out: Path, compared: list[Compared], texts: bool) -> None:
    lines = (json.dumps(one.fields(texts=texts), ensure_ascii=False) + "\n" for one in compared)
    try:
        out.write_text("".join(lines), encoding="utf-8", errors="replace")
    except OSError as error:
        raise StartError(f"{error.filename}: {error.strerror}") from None


async def _compare(cases: list[Case], mode: Mode, against: str | None, together: int) -> list[Compared]:
    places = asyncio.Semaphore(together)
    progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    async with httpx.AsyncClient(timeout=20.0, trust_env=False) as client:
        ours = Vigil(client, api_url(), api_key(), mode)
        theirs = Webhook(client, against) if against else None
        with progress:
            task = progress.add_task("comparing", total=len(cases))

            async def one(case: Case) -> Compared:
                async with places:
                    compared = await _judged(case, ours, theirs)
                progress.advance(task)
                return compared

            return await asyncio.gather(*map(one, cases))


async def _judged(case: Case, ours: Vigil, theirs: Webhook | None) -> Compared:
    try:
        if theirs is not None:
            case = replace(case, theirs=await theirs.judge(case.text))
        return Compared(case, await ours.judge(case.text))
    except VigilError as error:
        return Compared(case, None, str(error))
