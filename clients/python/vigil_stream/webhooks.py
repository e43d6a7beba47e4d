"""Is this webhook Vigil's? Signatures as Standard Webhooks has them: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

from pydantic import ValidationError

from vigil_stream.errors import WebhookError
from vigil_stream.models.job import Job

TOLERANCE_S = 300.0


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Job:
    """The finished job that a webhook brought. It may come more than once: `job_id` says which it is.

    Args:
        secret: `vigil.jobs.webhook_secret()`.
        headers: of the request, their names in any case.
        body: of the request, byte for byte.
        now: seconds since 1970; the clock's when it is None.

    Raises:
        WebhookError: it is not signed with this secret, or too old or new by more than five minutes, or no job.
    """
    named = {name.lower(): value for name, value in headers.items()}
    identity, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    expected = base64.b64encode(
        hmac.new(_key(secret), f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    )
    given = [
        signature.encode()
        for version, _, signature in (
            part.partition(",") for part in named.get("webhook-signature", "").split()
        )
        if version == "v1"
    ]
    if not any(hmac.compare_digest(signature, expected) for signature in given):
        raise WebhookError("the webhook is not signed with this secret")
    if not timestamp.isdecimal() or abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_S:
        raise WebhookError("the webhook was signed too long ago, or by another clock")
    try:
        return Job.model_validate_json(body)
    except ValidationError:
        raise WebhookError("the webhook brings no job") from None


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:  # with an empty one anybody could sign
        raise WebhookError("this is no webhook secret: it begins with whsec_")
    return key
