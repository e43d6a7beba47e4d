"""What integrations with frameworks have in common."""

import json
from typing import Any

import httpx
import pytest

from tests.sdk import ALLOW, Double
from vigil_stream import (
    Blocked,
    Check,
    ConfigurationError,
    InvalidAnswerError,
    OverloadedError,
    PayloadTooLargeError,
    Text,
)
from vigil_stream.gate import Choices, Gate, Passed
from vigil_stream.guarding import Guard
from vigil_stream.places import places
from vigil_stream.seen import Seen

SANITIZE = {**ALLOW, "decision": "SANITIZE", "sanitized_text": "[masked]"}


def verdicts(*outcomes: dict[str, Any]) -> httpx.Response:
    """The answer to a batch."""
    items = [
        {"index": n, "ok": "decision" in outcome, ("verdict" if "decision" in outcome else "error"): outcome}
        for n, outcome in enumerate(outcomes)
    ]
    return httpx.Response(200, json={"request_id": "req_1", "items": items})


def gate(double: Double, guard: Guard | None = None, **choices: Any) -> Gate:
    return Gate(double.client(max_retries=0), guard or Guard(), Choices(**choices))


def passed(double: Double, gate: Gate, *documents: Any) -> list[Passed]:
    flow = gate.pass_all([(document, places(document)) for document in documents])
    return double.do(gate.arun(flow)) if double.asynchronous else gate.run(flow)


def test_all_texts_are_judged_in_one_request_and_once(double: Double) -> None:
    double.answers(verdicts(ALLOW, SANITIZE))
    judge = gate(double)
    first, second = passed(double, judge, {"input": ["a", "b"]}, {"content": "a"})
    assert (first.document, second.document) == ({"input": ["a", "[masked]"]}, {"content": "a"})
    assert (first.changed, second.changed) == (True, False)
    assert len(double.requests) == 1
    assert [item["text"] for item in json.loads(double.requests[0].content)["items"]] == ["a", "b"]
    passed(double, judge, {"input": ["a", "[masked]"]})
    assert len(double.requests) == 1, "what may pass is remembered, and so is what was made of the other"


@pytest.mark.parametrize(
    "outcome",
    [
        {**ALLOW, "decision": "BLOCK"},
        {**ALLOW, "decision": "QUARANTINE"},
        {**SANITIZE, "sanitized_text": None},
        {**SANITIZE, "sanitized_text": ""},
    ],
)
def test_nothing_passes_for_want_of_a_clean_text(double: Double, outcome: dict[str, Any]) -> None:
    double.answers(verdicts(outcome))
    (blocked,) = passed(double, gate(double), "a")
    assert blocked.document is None
    assert isinstance(blocked.blocked, Blocked)
    with pytest.raises(Blocked):
        passed(double, gate(double, on_block="raise"), "a")


def test_a_text_that_cannot_be_replaced_is_blocked(double: Double) -> None:
    double.answers(verdicts(SANITIZE))
    assert passed(double, gate(double), {"a name": 1})[0].blocked is not None


def test_what_would_be_sanitized_is_blocked_by_choice(double: Double) -> None:
    double.answers(verdicts(SANITIZE))
    assert passed(double, gate(double, on_sanitize="block"), "a")[0].blocked is not None


def test_a_text_without_a_verdict_is_an_error_and_opens_only_where_nobody_refused_it(double: Double) -> None:
    busy, long = {"status": 503, "title": "Busy"}, {"status": 413, "title": "Too long"}
    double.answers(verdicts(ALLOW, busy))
    with pytest.raises(OverloadedError):
        passed(double, gate(double), "a", "b")
    checks: list[Check] = []
    judge = gate(double, Guard(fail_mode="open", on_check=checks.append))
    assert [outcome.document for outcome in passed(double, judge, "a", "b")] == ["a", "b"]
    assert [check.failed_open for check in checks] == [False, True]
    passed(double, judge, "b")
    assert len(double.requests) == 3, "what nobody judged is asked for again"
    double.answers(verdicts(ALLOW, long))
    with pytest.raises(PayloadTooLargeError):
        passed(double, gate(double, Guard(fail_mode="open")), "a", "b")
    double.answers(verdicts(ALLOW))
    with pytest.raises(InvalidAnswerError):
        passed(double, gate(double, Guard(fail_mode="open")), "a", "b")


@pytest.mark.parametrize("choice", [{"on_block": "stop"}, {"on_sanitize": "cut"}, {"notice": " "}])
def test_a_choice_that_is_none_is_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Choices(**choice)


def test_an_asynchronous_client_cannot_judge_a_plain_call() -> None:
    judge = gate(Double("async"))
    with pytest.raises(ConfigurationError, match="give a Vigil"):
        judge.run(judge.pass_all([]))


def test_texts_are_forgotten_in_time_and_by_number() -> None:
    now = [0.0]
    seen = Seen(size=2, seconds=10, monotonic=lambda: now[0])
    seen.add(Text("a"))
    assert Text("a") in seen
    assert Text("a", operator=True) not in seen
    now[0] = 11
    assert Text("a") not in seen
    for text in "abc":
        seen.add(Text(text))
    assert [Text(text) in seen for text in "abc"] == [False, True, True]
