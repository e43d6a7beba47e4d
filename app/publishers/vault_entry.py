"""`$KV.vigil_vault.<entry>`: what the placeholders of one request stand for, sealed, with a lifetime.

AES-256-GCM under the deployment's key; only the client that made the request can have it opened.
"""

from faststream.nats import JStream, NatsRouter

from app.pii.vault import Entry
from app.runtime.headers import MESSAGE_ID, message_id
from app.streams import PUBLISH_TIMEOUT_S, VAULT

TTL = "Nats-TTL"  # NATS ADR-43: the message's own lifetime, as `3600s`

router = NatsRouter()
publisher = router.publisher(
    f"$KV.{VAULT.name}.{{entry}}",
    stream=JStream(VAULT.stream, declare=False),
    # Sealed bytes for our own API are no part of the messages' public description.
    include_in_schema=False,
)


async def publish(entry: Entry, request_id: str, lifetime_s: int) -> None:
    """Store the entry; returns once the server has acknowledged it."""
    await publisher.publish(
        entry.sealed,
        subject=f"$KV.{VAULT.name}.{entry.key}",
        headers={MESSAGE_ID: message_id(request_id, "vault"), TTL: f"{lifetime_s}s"},
        timeout=PUBLISH_TIMEOUT_S,
    )
