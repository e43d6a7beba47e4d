"""`vigil feedback`: verdicts that were wrong."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.commands.events.connection import event_log
from app.commands.events.display import at, number, printable, to_json
from app.commands.events.options import AsJson
from app.errors import StartError
from app.events.feedback import OPERATOR, FeedbackStore, cases
from app.events.queries import EventQueries
from app.events.texts import open_text, text_sealer
from app.moments import moment
from app.schemas.feedback import Feedback, Wrong
from app.settings import settings

cli = typer.Typer(
    no_args_is_help=True, help="Report verdicts that were wrong; export them as labelled cases."
)

Since = Annotated[str | None, typer.Option(help="Only those reported since: 24h, 7d or a time.")]
Kind = Annotated[Wrong | None, typer.Option("--verdict", help="Only these.")]


@cli.command()
def add(
    request_id: Annotated[str, typer.Argument(help="The request whose verdict was wrong.")],
    verdict: Annotated[Wrong, typer.Argument(help="What was wrong with it.")],
    reason: Annotated[str, typer.Option(help="A short word of your own, up to 64 characters.")] = "",
    comment: Annotated[str, typer.Option(help="More, up to 4,000 characters.")] = "",
) -> None:
    """Report a verdict. A second report on the same request replaces the first."""
    config = settings()
    if len(reason) > 64 or len(comment) > 4_000:
        raise StartError("--reason takes 64 characters, --comment 4,000")
    report = Feedback(
        request_id=request_id,
        reporter=OPERATOR,
        verdict=verdict,
        reason=reason,
        comment=comment,
        reported_at=datetime.now(UTC),
    )
    with event_log(config) as connection:
        store = FeedbackStore(connection, config.clickhouse_database)
        if store.owner(request_id) is None:
            raise StartError(
                f"no event of request {request_id}: `vigil events tail` shows those that there are"
            )
        store.add(report)
    typer.echo(f"{request_id}: {verdict.value}")


@cli.command("list")
def list_(since: Since = None, verdict: Kind = None, as_json: AsJson = False) -> None:
    """List reports, oldest first."""
    config = settings()
    with event_log(config) as connection:
        found = FeedbackStore(connection, config.clickhouse_database).reports(
            since=moment(since, "--since") if since else None, verdict=verdict
        )
    if as_json:
        for report in found:
            typer.echo(to_json(report))
        return
    table = Table("time", "request", "verdict", "reported by", "reason", "was", "score", "comment")
    for report in found:
        table.add_row(
            at(report["reported_at"]), printable(report["request_id"]), report["verdict"],
            printable(report["reporter"]), printable(report["reason"]), report["arbiter_decision"] or "",
            number(report["threat_score"]), printable(report["comment"], 80),
        )  # fmt: skip
    Console(highlight=False, markup=False).print(table)
    typer.echo(f"{len(found)} reports")


@cli.command()
def export(
    out: Annotated[Path | None, typer.Option(help="Where to; standard output by default.")] = None,
    since: Since = None,
    verdict: Kind = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Original texts where they are kept; they may hold personal data.")
    ] = False,
) -> None:
    """Write reports as labelled lines, for `vigil scan --report`: each becomes a regression case."""
    config = settings()
    with event_log(config) as connection:
        found = FeedbackStore(connection, config.clickhouse_database).reports(
            since=moment(since, "--since") if since else None, verdict=verdict
        )
        sealed = {}
        if raw:
            ids = [report["event_id"] for report in found if report["event_id"]]
            sealed = EventQueries(connection, config.clickhouse_database).sealed_texts(ids)
    texts = {name: open_text(text_sealer(config), name, text) for name, text in sealed.items()}
    lines = [to_json(case) for case in cases(found, texts)]
    content = "".join(f"{line}\n" for line in lines)
    if out is None:
        typer.echo(content, nl=False)
    else:
        try:
            out.write_text(content, encoding="utf-8")
        except OSError as error:
            raise StartError(f"{out}: {error.strerror}") from None
    left = len(found) - len(lines)
    typer.echo(
        f"{len(lines)} cases" + (f"; {left} left out, whose text is not kept" if left else ""), err=True
    )
