"""Answers of servers that are older or newer than the client."""

import pytest
from pydantic import ValidationError

from vigil_stream import Decision, DecisionProcess, Verdict, Wrong
from vigil_stream.models.feedback import FeedbackReceipt

# What 0.1.0 answered: no policy, no fail mode.
OLDER = """{"request_id": "req_1", "decision": "SANITIZE", "threat_score": 17.4, "categories": [], "degraded": [],
    "pii_detected": true, "sanitized_text": "PESEL [PL_PESEL_1]", "decision_process": null}"""

NEWER = """{"request_id": "req_1", "decision": "QUARANTINE", "threat_score": 55, "categories": ["new_kind"],
    "degraded": ["dreams"], "pii_detected": null, "sanitized_text": null, "severity": {"level": 3}, "fail_mode": "ajar",
    "shadow_decision": "BLOCK", "decision_process": {"branches": [{"branch": "dreams", "score": 1, "mood": "calm"}],
    "weights": {"dreams": 1}, "weighted_score": 1, "language": "de", "timings": {"dreaming_ms": 4}, "council": []}}"""


def test_an_older_server_is_understood() -> None:
    verdict = Verdict.model_validate_json(OLDER)
    assert verdict.decision is Decision.SANITIZE
    assert verdict.sanitized
    assert (verdict.fail_mode, verdict.failed, verdict.shadow_decision) == ("closed", False, None)


def test_a_newer_server_is_understood_and_a_decision_that_nobody_knows_blocks() -> None:
    verdict = Verdict.model_validate_json(NEWER)
    assert verdict.decision == "QUARANTINE"
    assert verdict.blocked
    assert not verdict.allowed
    assert verdict.shadow_decision is Decision.BLOCK
    assert verdict.decision_process is not None
    assert verdict.decision_process.branches[0].branch == "dreams"
    assert FeedbackReceipt(request_id="req_1", verdict="boring").verdict == "boring"
    assert FeedbackReceipt(request_id="req_1", verdict="missed_attack").verdict is Wrong.MISSED_ATTACK


def test_reasons_may_be_missing() -> None:
    assert DecisionProcess.model_validate({}).timings.total_ms is None


def test_answers_are_frozen() -> None:
    verdict = Verdict.model_validate_json(OLDER)
    with pytest.raises(ValidationError):
        verdict.decision = Decision.ALLOW  # type: ignore[misc]
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
