"""Whose policy holds."""

from datetime import UTC, datetime

import pytest

from app.access.policy_book import PolicyBook
from app.access.policy_document import StoredPolicy
from app.errors import PipelineUnavailable
from app.runtime.bucket import Entry


def stored(client: str, **fields: object) -> dict[str, Entry]:
    policy = StoredPolicy(version=1, changed_at=datetime.now(UTC), changed_by="ops", policy=fields)
    return {client: Entry(client, policy.model_dump_json().encode(), 1)}


def test_an_own_policy_is_before_that_of_all() -> None:
    book = PolicyBook()
    with pytest.raises(PipelineUnavailable, match="not been read"):
        book.of("shop")
    book.load(stored("shop", block_threshold=20) | stored("default", block_threshold=50))
    assert book.of("shop").block_threshold == 20
    assert book.of("other").block_threshold == 50
    book.load({})
    assert book.of("shop").block_threshold is None


@pytest.mark.parametrize("whose", ["shop", "default"])
def test_one_that_cannot_be_read_is_not_taken_for_none(whose: str) -> None:
    book = PolicyBook()
    book.load(stored(whose, pii_action="a newer one"))
    with pytest.raises(PipelineUnavailable, match=f"policy of {whose} cannot be read"):
        book.of("shop")
    book.load(stored(whose, block_threshold=20))
    book.load(stored(whose, pii_action="a newer one"))
    assert book.of("shop").block_threshold == 20, "the one before stays"
