"""Clocks: a deadline is a point in time, so API, workers and servers must agree about it."""

from datetime import datetime

from app.commands.doctor.result import Result

# A caller waits five seconds: a worker whose clock is a second ahead takes a fifth of that away.
MOST_SKEW_S = 1.0


def clock(
    name: str, theirs: datetime, before: datetime, after: datetime, *, resolution_s: float = 0.0
) -> Result:
    """How far their clock is from ours, which showed `before` and `after` around the question.

    `resolution_s` is for those who tell whole seconds only, rounded down.
    """
    ahead = theirs.timestamp() - after.timestamp()
    behind = before.timestamp() - theirs.timestamp() - resolution_s
    skew = max(ahead, behind, 0.0)
    if skew > MOST_SKEW_S:
        way = "ahead of" if ahead > 0 else "behind"
        return Result.fault(
            name, f"{skew:.1f} s {way} this machine", "synchronise both (NTP): deadlines are points in time"
        )
    known = max(skew, (after - before).total_seconds(), resolution_s)
    return Result.ok(name, f"within {known:.2f} s of this machine")
