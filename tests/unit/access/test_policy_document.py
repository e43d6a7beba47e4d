"""Policies as operators write them."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from app.access.policy_book import BUILT_IN, PolicyBook
from app.access.policy_document import StoredPolicy, parse_policy
from app.detection.artefacts import load
from app.detection.category_names import CATEGORIES
from app.errors import PipelineUnavailable, VigilError
from app.limits.window import Window
from app.runtime.bucket import Entry
from app.schemas.policy import Policy

FULL = {
    "block_threshold": 80, "sanitize_threshold": 40, "modes": ["full"], "categories_off": ["tool_abuse"],
    "allow": ["ignore the previous track"], "deny": ["project falcon"], "pii_types": ["PL_PESEL", "IBAN_CODE"],
    "pii_action": "block", "shadow": True, "fail_mode": "open", "rate_limits": "10/second",
}  # fmt: skip


def test_a_full_policy_and_what_of_it_travels() -> None:
    document = parse_policy(FULL)
    assert document.windows(()) == (Window(10, 1),)
    travelling = document.for_workers
    assert type(travelling) is Policy
    assert Policy.model_validate_json(travelling.model_dump_json()) == travelling
    assert not hasattr(travelling, "modes")


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"block_treshold": 80}, "block_treshold"),
        ({"block_threshold": 101}, "block_threshold"),
        ({"block_threshold": 30, "sanitize_threshold": 60}, "lower it"),
        ({"categories_off": ["jailbraek"]}, "jailbraek; there are authority_claim"),
        ({"pii_types": ["PESEL"]}, "PL_PESEL"),
        ({"modes": []}, "modes"),
        ({"deny": ["ab"]}, "deny.0"),
        ({"rate_limits": "fast"}, "100/minute"),
        ({"pii_action": "eat"}, "'mask', 'block' or 'report'"),
        ({"version": 3}, "leave it out"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_what_makes_no_sense_is_refused_on_one_line_that_helps(fields: Any, hint: str) -> None:
    with pytest.raises(VigilError) as refused:
        parse_policy(fields)
    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)


def stored(fields: dict[str, Any], version: int = 1) -> Entry:
    policy = StoredPolicy(version=version, changed_at=datetime.now(UTC), changed_by="test", policy=fields)
    return Entry("", policy.model_dump_json().encode(), 1)


def test_a_client_without_a_policy_has_that_of_default_and_then_the_built_in_one() -> None:
    book = PolicyBook()
    with pytest.raises(PipelineUnavailable):
        book.of("shop")
    book.load({})
    assert book.of("shop") is BUILT_IN
    book.load({"default": stored({"shadow": True}), "shop": stored({}, 4)})
    assert (book.of("shop").shadow, book.of("shop").version) == (False, 4)
    assert book.of("other").shadow


def test_a_policy_that_cannot_be_read_leaves_the_one_before_in_force(caplog) -> None:
    book = PolicyBook()
    book.load({"shop": stored({"shadow": True})})
    with caplog.at_level(logging.ERROR, "vigil.access"):
        book.load({"shop": stored({"shadow": "perhaps"}, 2)})
    assert book.of("shop").shadow
    assert "shop" in caplog.text


def test_a_field_of_a_newer_version_does_not_hide_the_rest() -> None:
    book = PolicyBook()
    book.load({"shop": stored({"shadow": True, "from_the_future": 1})})
    assert book.of("shop").shadow


def test_the_list_of_categories_is_that_of_the_engines() -> None:
    from importlib.resources import files

    rules = {
        rule["category"]
        for file in files("app.detection.rules").iterdir()
        if file.name.endswith(".yaml")
        for rule in yaml.safe_load(file.read_text(encoding="utf-8")).get("rules", [])
    }
    learnt = {
        name
        for artefact in ("classifier-categories", "semantic-categories")
        for name in load(artefact)["names"].tolist()
    }
    assert rules | learnt == CATEGORIES
