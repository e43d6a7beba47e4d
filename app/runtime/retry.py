"""What to do with a message after an attempt. Pure."""

from dataclasses import dataclass

from app.streams import Consumer

# Somebody waits 5 s at most: three attempts with these pauses leave each of them more than a second.
WAITING_DELAYS = (0.1, 0.4)


@dataclass(frozen=True)
class Retry:
    """Give the message back; it is delivered again after `delay` seconds."""

    delay: float


@dataclass(frozen=True)
class Bury:
    """Move the message to the dead letters."""


def after_failure(consumer: Consumer, attempt: int, *, waiting: bool) -> Retry | Bury:
    """The step after the failure of attempt number `attempt` (from 1)."""
    if attempt >= consumer.attempts:
        return Bury()
    delays = WAITING_DELAYS if waiting else consumer.delays
    return Retry(delays[min(attempt, len(delays)) - 1])
