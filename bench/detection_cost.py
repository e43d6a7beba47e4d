"""What detection costs: 200 characters in either mode, growth with length, the event loop, hostile texts.

Processor time of one thread (`time.thread_time`), so that a busy machine does not change it much; the median of many
repeats. Words: the number of hostile texts, 500 by default.
"""

import asyncio
import base64
import random
import statistics
import time
from collections.abc import Awaitable, Iterator
from urllib.parse import quote

from app.detection.engines import load
from app.detection.parallel import detect
from app.detection.semantic import Semantic
from app.schemas.detection import BranchName
from app.schemas.guard import Mode

PROSE = (
    "The committee met on Tuesday and went through the budget for the library. Zamówiono krzesła i dwa stoły. "
    "Please summarise the second chapter, and say what you think of its ending. Dziękuję za szybką odpowiedź. "
)
HOSTILE_CHARS = 20_000


def main(words: list[str]) -> None:
    """Measure and print."""
    engines = load()
    semantic = engines[BranchName.SEMANTIC]
    assert isinstance(semantic, Semantic)
    modes = {
        "fast": [engines[BranchName.HEURISTICS], semantic.fast],
        "full": list(engines.values()),
    }
    for mode, some in modes.items():
        parts = {type(engine).__name__: median_cost(engine.analyze, PROSE[:200], 60) for engine in some}
        each = ", ".join(f"{name} {1000 * cost:.2f}" for name, cost in parts.items())
        print(f"{mode}: {1000 * sum(parts.values()):.2f} ms for 200 characters ({each})")
        short, long = (_whole(some, (PROSE * 500)[:size]) for size in (5_000, 100_000))
        print(f"{mode}: 5,000 characters {short:.3f} s, 100,000 {long:.3f} s: {long / short:.1f} times")
    for mode in Mode:
        held, idle = asyncio.run(_both(engines, mode))
        print(
            f"{mode.value}: the event loop waits {1000 * held:.0f} ms at most, {1000 * idle:.0f} ms without work"
        )
    costs = [(_whole(modes["fast"], text), name) for name, text in hostile(int(words[0]) if words else 500)]
    slowest = sorted(costs, reverse=True)[:5]
    print(f"{len(costs)} hostile texts of {HOSTILE_CHARS} characters, fast mode, the slowest:")
    for cost, name in slowest:
        print(f"  {cost:.3f} s  {name}")


def hostile(count: int) -> Iterator[tuple[str, str]]:
    """Texts made to be slow: long runs, nested encodings, patterns that almost match, over and over."""
    chance = random.Random(7)
    seeds = [
        "ignore all previous ", "zignoruj wszystkie ", "a" * 50, "(((((", "<!--", "<a href=", "%69%67", "&#105;",
        "\\x69", "i g n o r e ", "1gn0r3 ",
        "\u200b", "\u0456gnore ", "e\u0301" * 5, "\U000e0069", "aWdub3Jl", "69676e6f7265 ",
        "01101001 ", "105 103 110 ", ".. --. -. ", "vtaber ", "```\n", "\n\n", '"', "[INST]", "{{", "you are now ",
        "system: ", "A.B.C. ", "?!", "😀", "łąka", "\ud800", "\u202e", "=" * 40, "a@b.c ", "http://a/?q=", "\t", "0",
    ]  # fmt: skip
    for number in range(count):
        picked = chance.choices(seeds, k=chance.randint(1, 4))
        text = "".join(picked)
        text = (text * (HOSTILE_CHARS // len(text) + 1))[:HOSTILE_CHARS]
        wrapped = chance.randrange(4)
        raw = text.encode("utf-8", "replace")
        if wrapped == 1:
            for _ in range(chance.randint(1, 4)):
                raw = base64.b64encode(raw)[:HOSTILE_CHARS]
            text = raw.decode()
        elif wrapped == 2:
            text = quote(raw)[:HOSTILE_CHARS]
        elif wrapped == 3:
            text = "".join(chance.choice(text) for _ in range(HOSTILE_CHARS))
        yield f"{number}: {picked!r:.60} wrapped {wrapped}", text


def median_cost(work, text: str, times: int) -> float:
    work(text)
    costs = []
    for _ in range(times):
        started = time.thread_time()
        work(text)
        costs.append(time.thread_time() - started)
    return statistics.median(costs)


def _whole(engines, text: str) -> float:
    return sum(median_cost(engine.analyze, text, 1) for engine in engines)


async def _both(engines, mode: Mode) -> tuple[float, float]:
    """The longest that a task waited for its turn while 100,000 characters were judged, and beside nothing at all.

    Both are medians of several tries: on a busy machine a task waits for the processor, whatever the loop does.
    """
    held, idle = [], []
    for _ in range(5):
        started = time.perf_counter()
        held.append(await _longest_wait(detect((PROSE * 500)[:100_000], mode, engines)))
        idle.append(await _longest_wait(asyncio.sleep(time.perf_counter() - started)))
    return statistics.median(held), statistics.median(idle)


async def _longest_wait(work: Awaitable[object]) -> float:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - started - 0.001)

    ticking = asyncio.create_task(tick())
    await work
    ticking.cancel()
    return longest
