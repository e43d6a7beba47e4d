"""Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over `id.timestamp.body`.

Every client has a secret of its own, derived from the deployment's key: nothing is stored. While the deployment's key
is changed, a webhook carries a signature under each.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from app.sealing import derive


class Signer:
    """Signs webhooks.

    Args:
        keys: of the deployment.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def secret(self, client_id: str) -> str:
        """The client's secret, as libraries for Standard Webhooks take it: `whsec_` and Base64."""
        return "whsec_" + base64.b64encode(self._secret(self._keys[0], client_id)).decode()

    def headers(self, client_id: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The three headers of one attempt."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        signatures = (
            base64.b64encode(hmac.new(self._secret(key, client_id), signed, hashlib.sha256).digest()).decode()
            for key in self._keys
        )
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    @staticmethod
    def _secret(key: bytes, client_id: str) -> bytes:
        return derive(key, f"webhook:{client_id}")
