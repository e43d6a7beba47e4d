"""What the search for personal data costs: short, long and hostile texts, and the start.

CPU time of this thread, so that a busy machine changes it little; medians of many runs. `-- hostile 10000` tries so
many hostile texts of 20,000 characters and names the slowest.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from app.pii import language
from app.pii.engine import PiiEngine
from app.pii.evaluation.corpus import samples
from app.pii.prefilter import may_contain_pii
from app.schemas.guard import Mode

SHORT = {
    "Polish, five values": (
        "Nazywam się Jan Kowalski, mój PESEL to 44051401359, a telefon 601 234 567. Proszę o przesłanie faktury na "
        "adres jan.kowalski@example.pl do końca tygodnia, najlepiej we wtorek. Dziękuję."
    ),
    "English, four values": (
        "My name is John Smith and my card 4111 1111 1111 1111 was declined yesterday. Please call me at "
        "(212) 555-0182 or write to john.smith@example.com before Friday, as I am leaving."
    ),
    "nothing, Polish": (
        "jak zmienić hasło do konta i co zrobić jeśli nie pamiętam starego a telefon na który przychodzi kod został w "
        "domu, bo wyjechałem na dwa dni do rodziny i wracam dopiero w niedzielę pociągiem"
    ),
    "nothing, English": (
        "could you explain how the water cycle works and why clouds form over mountains more often than over the "
        "plains, and what that means for farmers who live in the valley below the slopes"
    ),
}
# What each recognizer begins to look at, repeated and mixed.
UNITS = (
    "1.", "1 ", "1-", "12 ", "1/ ", "(1)", "a@", "@", "a.", "1.2.3.4 ", "::", "a:", "A. ", "Jan ", "Jan Kowalski ",
    "J. ", "ul. ", "ul. A", "00-000 A", "PL61 ", "pl1", "123 Main ", "+48 ", "+", "0", "12", "- ", "[PERSON_1]", "://a:",
    "http://a:b@", "-----BEGIN ", "eyJ", "sk-", "password: ", "haslo ", "token=a1", "\u200b", "e\u0301", "１", "tel ",
    "pesel ", "born ", "ur. 1", "1.1.", "xn--", "O'", "Mc", "-A", "bc1", "1A1z", "0x0", "Kowalski Anna ", "Ms. ",
    "44051401359 ", "4111 1111 ", "601 234 567 ", "a1", "ABC 123456 ", "\n", "&", "Dr ", "1st ", "jan kowalski ",
    "von ", "x", "ą", "1,", "1:", "00", ". ",
)  # fmt: skip
HOSTILE_CHARS, LONG_CHARS = 20_000, 100_000


def main(words: list[str]) -> None:
    """Print the costs."""
    started = time.process_time()
    engine = PiiEngine()
    print(f"start {time.process_time() - started:.2f} s")
    for name, text in SHORT.items():
        found = _median(partial(engine.analyze, text, Mode.FULL), 300)
        proof = _median(partial(may_contain_pii, text), 300)
        told = _median(partial(language.detect, text), 300)
        print(
            f"{name:<22}{len(text):>4} chars: search {found:.3f} ms, prefilter {proof:.3f} ms, language {told:.3f} ms"
        )
    real = "\n".join(sample.text for sample in samples(30, seed=1))[:LONG_CHARS]
    print(f"{LONG_CHARS} chars of sentences: {_median(partial(engine.analyze, real), 3):.0f} ms")
    slow = max((_median(partial(engine.analyze, _repeat(unit, LONG_CHARS)), 1), unit) for unit in UNITS)
    print(f"{LONG_CHARS} chars, the slowest of {len(UNITS)} repeated units: {slow[0]:.0f} ms, {slow[1]!r}")
    count = int(words[1]) if words[:1] == ["hostile"] else 100
    random = Random(1)
    costs = (
        (_median(partial(engine.analyze, text, Mode.FAST), 1), text[:40]) for text in _hostile(random, count)
    )
    worst = max(costs)
    print(f"{HOSTILE_CHARS} chars, the slowest of {count} mixtures: {worst[0]:.0f} ms, {worst[1]!r}")


def _hostile(random: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        units = random.choices(UNITS, k=random.randint(1, 4))
        if random.random() < 0.5:
            yield _repeat("".join(units), HOSTILE_CHARS)
        else:
            parts = [
                random.choice(units) * random.choice((1, 1, 2, 5, 50)) for _ in range(HOSTILE_CHARS // 2)
            ]
            yield "".join(parts)[:HOSTILE_CHARS]


def _repeat(unit: str, chars: int) -> str:
    return (unit * (chars // len(unit) + 1))[:chars]


def _median(work: Callable[[], object], repeats: int) -> float:
    """Milliseconds of this thread."""
    times = []
    for _ in range(repeats):
        started = time.thread_time()
        work()
        times.append(time.thread_time() - started)
    return statistics.median(times) * 1000
