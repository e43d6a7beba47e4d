"""How fast one logging worker drains a backlog of events, and what it uses."""

import argparse
import asyncio

from bench import _stack


def main(words: list[str]) -> None:
    """Print rate, processor and memory of the worker, of NATS and of ClickHouse."""
    parser = argparse.ArgumentParser(prog="bench events_backlog --")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=100, help="BATCH_SIZE")
    asyncio.run(_drain(parser.parse_args(words)))


async def _drain(options: argparse.Namespace) -> None:
    async with _stack.stack() as stack:
        payloads = [event.model_dump_json().encode() for event in _stack.events(options.events)]
        await stack.publish(payloads)
        print(
            f"backlog of {options.events} events, {sum(map(len, payloads)) / len(payloads):.0f} bytes each",
            flush=True,
        )
        worker = await stack.start_worker(BATCH_SIZE=str(options.batch))
        try:
            while not stack.stored():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            already = stack.stored()
            usage = {
                "worker": _stack.Usage(worker.pid),
                "nats-server": _stack.Usage(stack.nats.child.pid),
                "ClickHouse": _stack.Usage(stack.clickhouse.child.pid),
            }
            while (stored := stack.stored()) < options.events:
                for one in usage.values():
                    one.look()
                await asyncio.sleep(0.5)
            seconds = usage["worker"].seconds()
            print(f"{(stored - already) / seconds:,.0f} events/s ({stored - already} in {seconds:.1f} s)")
            for name, one in usage.items():
                print(f"  {name:<12} {one.cores():.2f} cores, at most {one.peak_mb:.0f} MB")
            print(
                f"counted: {stack.query('SELECT count(), uniqExact(event_id) FROM n8n_logs.vigil_events FINAL')[0]}"
            )
        finally:
            await _stack.stop(worker)
