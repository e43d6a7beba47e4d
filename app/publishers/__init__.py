"""One file per outgoing subject. A publisher gives its hop the message id that deduplicates it."""

from faststream.nats import NatsRouter


def routers() -> tuple[NatsRouter, ...]:
    """What the workers publish with."""
    from app.publishers import (
        arbiter_decision,
        dead_letter,
        job_result,
        logs_event,
        pii_detect,
        pii_result,
        vault_entry,
        verdict,
    )

    return tuple(
        module.router
        for module in (
            arbiter_decision,
            pii_detect,
            pii_result,
            vault_entry,
            verdict,
            job_result,
            logs_event,
            dead_letter,
        )
    )
