"""Whether one logging worker keeps up with a steady stream of events, and what it uses."""

import argparse
import asyncio

from bench import _stack


def main(words: list[str]) -> None:
    """Print how far behind the worker was, its processor and its memory."""
    parser = argparse.ArgumentParser(prog="bench events_sustained --")
    parser.add_argument("--rate", type=float, default=5_000, help="Events per second.")
    parser.add_argument("--seconds", type=float, default=30)
    asyncio.run(_run(parser.parse_args(words)))


async def _run(options: argparse.Namespace) -> None:
    async with _stack.stack() as stack:
        total = int(options.rate * options.seconds)
        payloads = [event.model_dump_json().encode() for event in _stack.events(total)]
        worker = await stack.start_worker()
        try:
            await stack.publish(payloads[:100], prefix="warm")
            while not stack.stored():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            usage = _stack.Usage(worker.pid)
            publishing = asyncio.create_task(stack.publish(payloads, options.rate))
            behind = []
            while not publishing.done():
                await asyncio.sleep(0.5)
                info = await stack.js.consumer_info("VIGIL", "logging-worker")
                behind.append(info.num_pending + info.num_ack_pending)
                usage.look()
            await publishing
            seconds = usage.seconds()
            cores = usage.cores()
            while stack.stored() < total:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            late = usage.seconds() - seconds
            print(
                f"published {total / seconds:,.0f} events/s for {seconds:.0f} s; the last was stored {late:.1f} s later"
            )
            middle = sorted(behind)[len(behind) // 2]
            print(f"  behind: {middle} events (median), {max(behind)} (most)")
            print(f"  worker: {cores:.2f} cores, at most {usage.peak_mb:.0f} MB")
        finally:
            await _stack.stop(worker)
