"""How long `stats` takes over a million rows."""

import argparse
import asyncio
import statistics
import time

from app.events.connection import Connection
from app.events.filters import Filter
from app.events.migrations import migrate
from app.events.queries import EventQueries
from app.events.statistics import By, EventStatistics
from bench import _stack

FILL = """
INSERT INTO n8n_logs.vigil_events (event_id, request_id, client_id, direction, mode, accepted_at, outcome,
    arbiter_decision, threat_score, categories, pii_count, redacted_text, total_ms, detection_ms, pii_ms, branch_a_ms)
SELECT toString(number), concat('req_', toString(number)), concat('client-', toString(number % 20)), 'input', 'full',
    fromUnixTimestamp64Milli(toInt64({now} - number * {spread} / {rows})), 'answered',
    ['ALLOW', 'ALLOW', 'ALLOW', 'SANITIZE', 'BLOCK'][number % 5 + 1],
    number % 100, if(number % 5 = 4, ['jailbreak', 'leak'], []), number % 3, repeat('redacted text ', 20),
    10 + number % 90, 5 + number % 20, 1 + number % 5, 1 + number % 3
FROM numbers({start}, {count})
"""


def main(words: list[str]) -> None:
    """Print the median and the slowest of several runs of each question."""
    parser = argparse.ArgumentParser(prog="bench events_stats --")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    asyncio.run(_run(parser.parse_args(words)))


async def _run(options: argparse.Namespace) -> None:
    async with _stack.stack() as stack:
        connection = Connection(host=stack.clickhouse.host, port=stack.clickhouse.port, timeout_s=60)
        migrate(connection, "n8n_logs")
        part, now = options.rows // 20, round(time.time() * 1000)
        for start in range(0, options.rows, part):
            values = {"now": now, "spread": 80_000_000, "rows": options.rows, "start": start, "count": part}
            connection.execute(FILL.format(**values))
        connection.execute(FILL.format(**(values | {"start": 0})))  # a twentieth was delivered twice
        numbers, queries = EventStatistics(connection), EventQueries(connection)
        day = Filter(since=_stack.ago(days=1))
        questions = {
            "stats": lambda: numbers.summary(day),
            **{f"stats --by {by}": (lambda by=by: numbers.summary(day, by)) for by in By},
            "search, first page": lambda: queries.page(day, limit=50),
            "search by category": lambda: queries.page(Filter(category="leak"), limit=50),
            "show": lambda: queries.find("req_4711"),
        }
        print(f"{numbers.summary(day)['events']} events in {_parts(connection)} parts")
        for name, ask in questions.items():
            times = [_timed(ask) for _ in range(options.repeat)]
            print(f"  {name:<20} {statistics.median(times):6.0f} ms, slowest {max(times):.0f} ms")
        connection.close()


def _timed(ask) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def _parts(connection: Connection) -> int:
    return connection.execute("SELECT count() FROM system.parts WHERE table = 'vigil_events' AND active")[0][
        0
    ]
