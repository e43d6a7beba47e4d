"""One file per outgoing subject. A publisher gives its hop the message id that deduplicates it."""

from faststream.nats import NatsRouter


def routers() -> tuple[NatsRouter, ...]:
    """What the workers publish with."""
    from app.publishers import (
        arbiter_cleaned,
        arbiter_decision,
        dead_letter,
        detection_cleaning,
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
            # Where a subscription takes several, the document shows the last: what every request is.
            detection_cleaning,
            arbiter_cleaned,
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
