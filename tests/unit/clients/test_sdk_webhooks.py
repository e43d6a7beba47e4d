"""Webhooks that the server has signed are believed, others are not."""

import pytest

from app.jobs.signature import Signer
from vigil_stream import WebhookError, webhooks

VERDICT = b'{"request_id": "req_1", "decision": "BLOCK", "threat_score": 90}'
BODY = b'{"job_id": "req_1", "status": "done", "verdict": ' + VERDICT + b"}"
NOW = 1_800_000_000
OLD, NEW = b"o" * 32, b"n" * 32


def test_a_webhook_brings_its_job() -> None:
    signer = Signer([NEW])
    headers = signer.headers("shop", "req_1", NOW, BODY)
    shouted = {name.upper(): value for name, value in headers.items()}
    job = webhooks.verify(signer.secret("shop"), shouted, BODY, now=NOW + 299.0)
    assert job.finished
    assert job.verdict is not None
    assert job.verdict.blocked


def test_either_secret_works_while_the_deployments_key_is_changed() -> None:
    headers = Signer([NEW, OLD]).headers("shop", "req_1", NOW, BODY)
    for key in (OLD, NEW):
        assert webhooks.verify(Signer([key]).secret("shop"), headers, BODY, now=NOW).job_id == "req_1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"body": BODY.replace(b"BLOCK", b"ALLOW")}, "not signed"),
        ({"secret": Signer([NEW]).secret("other")}, "not signed"),
        ({"secret": "vk_live_key"}, "no webhook secret"),
        ({"secret": ""}, "no webhook secret"),
        ({"secret": "whsec_"}, "no webhook secret"),
        ({"secret": "whsec_ą"}, "no webhook secret"),
        ({"webhook-id": "req_2"}, "not signed"),
        ({"webhook-timestamp": str(NOW + 1)}, "not signed"),
        ({"webhook-signature": ""}, "not signed"),
        ({"webhook-signature": "v1,ąę v2,x nonsense"}, "not signed"),
        ({"now": NOW + 301.0}, "too long ago"),
        ({"now": NOW - 301.0}, "another clock"),
    ],
)
def test_others_are_not_believed(change: dict[str, object], says: str) -> None:
    given: dict[str, object] = {
        "secret": Signer([NEW]).secret("shop"), "body": BODY, "now": float(NOW),
        **Signer([NEW]).headers("shop", "req_1", NOW, BODY), **change,
    }  # fmt: skip
    headers = {name: str(value) for name, value in given.items() if name.startswith("webhook-")}
    with pytest.raises(WebhookError, match=says):
        webhooks.verify(str(given["secret"]), headers, bytes(given["body"]), now=float(str(given["now"])))  # type: ignore[arg-type]


def test_a_signed_text_that_is_no_job_is_said() -> None:
    signer = Signer([NEW])
    headers = signer.headers("shop", "req_1", NOW, b"{}")
    with pytest.raises(WebhookError, match="no job"):
        webhooks.verify(signer.secret("shop"), headers, b"{}", now=NOW)
