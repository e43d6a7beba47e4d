"""Signatures of webhooks."""

import base64
import hashlib
import hmac

from app.jobs.signature import Signer


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver does it, by the text of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_a_receiver_can_verify_and_sees_every_change() -> None:
    signer = Signer([b"k" * 32])
    headers = signer.headers("shop", "req_1", 1_700_000_000, b"{}")
    secret = signer.secret("shop")
    assert verify(secret, headers, b"{}")
    assert not verify(secret, headers, b"{ }")
    assert not verify(secret, {**headers, "webhook-id": "req_2"}, b"{}")
    assert not verify(secret, {**headers, "webhook-timestamp": "1"}, b"{}")
    assert not verify(signer.secret("other"), headers, b"{}")


def test_while_the_deployment_key_is_changed_old_and_new_secrets_verify() -> None:
    both = Signer([b"n" * 32, b"k" * 32])
    headers = both.headers("shop", "req_1", 1, b"{}")
    assert verify(both.secret("shop"), headers, b"{}")
    assert verify(Signer([b"k" * 32]).secret("shop"), headers, b"{}")
