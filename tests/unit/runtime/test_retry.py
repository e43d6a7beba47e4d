"""What follows a failure."""

from app.runtime.retry import Bury, Retry, after_failure
from app.streams import DETECTION


def test_nobody_waits_so_the_delays_are_those_of_the_consumer() -> None:
    assert after_failure(DETECTION, 1, waiting=False) == Retry(5.0)
    assert after_failure(DETECTION, 2, waiting=False) == Retry(30.0)
    assert after_failure(DETECTION, 3, waiting=False) == Bury()
    assert after_failure(DETECTION, 4, waiting=False) == Bury()


def test_three_attempts_fit_into_the_deadline_of_a_waiting_caller() -> None:
    delays = [after_failure(DETECTION, attempt, waiting=True) for attempt in (1, 2)]
    assert sum(step.delay for step in delays if isinstance(step, Retry)) < 1
    assert after_failure(DETECTION, 3, waiting=True) == Bury()
