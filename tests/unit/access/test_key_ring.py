"""Which keys a process accepts."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from app.access.client import Client, Scope
from app.access.development import CLIENT, development_key
from app.access.key import Environment, new_key
from app.access.key_record import KeyRecord
from app.access.key_ring import KeyRefused, KeyRing, KeysUnknown
from app.access.pepper import Pepper, load_pepper
from app.runtime.bucket import Entry
from app.settings import Settings

PEPPER = Pepper([b"pepper"])
NOW = datetime.now(UTC)


def entry(key: str, pepper: Pepper = PEPPER, **fields: object) -> dict[str, Entry]:
    record = KeyRecord(
        key_id="key_1",
        client_id="shop",
        environment=Environment.LIVE,
        scopes=(Scope.GUARD,),
        hint="",
        digest=pepper.digest(key),
        pepper=pepper.fingerprint,
        created_at=NOW,
    ).model_copy(update=fields)
    return {"key_1": Entry("key_1", record.model_dump_json().encode(), 1)}


def ring(*entries: dict[str, Entry], development: dict[str, Client] | None = None) -> KeyRing:
    made = KeyRing(PEPPER, development)
    made.load({name: value for part in entries for name, value in part.items()})
    return made


def test_a_stored_key_gives_its_client_and_its_use_is_remembered_once() -> None:
    key = new_key()
    keys = ring(entry(key))
    assert keys.client(key) == Client("shop", "key_1", frozenset({Scope.GUARD}))
    assert list(keys.take_used()) == ["key_1"]
    assert keys.take_used() == {}


@pytest.mark.parametrize("key", ["", "vk_test_", "vk_test_" + "é" * 39, "x" * 10_000, "\ud800", new_key()])
def test_nonsense_and_strangers_are_refused_with_the_same_words(key: str) -> None:
    with pytest.raises(KeyRefused, match="not known"):
        ring(entry(new_key())).client(key)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"revoked_at": NOW}, "revoked"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "expired"),
    ],
)
def test_a_key_that_has_ended_opens_nothing_and_its_holder_is_told(
    fields: dict[str, object], word: str
) -> None:
    key = new_key()
    with pytest.raises(KeyRefused, match=word) as refused:
        ring(entry(key, **fields)).client(key)
    assert key not in str(refused.value)


def test_before_the_first_load_a_sound_key_may_be_good() -> None:
    keys = KeyRing(PEPPER)
    with pytest.raises(KeysUnknown):
        keys.client(new_key())
    with pytest.raises(KeyRefused):
        keys.client("vk_test_nonsense")


def test_a_key_of_another_pepper_opens_nothing_and_the_operator_is_told(caplog) -> None:
    key = new_key()
    with caplog.at_level(logging.WARNING, "vigil.access"), pytest.raises(KeyRefused):
        ring(entry(key, pepper=Pepper([b"other"]))).client(key)
    assert "VIGIL_SECRET_KEY" in caplog.text


def test_a_record_that_cannot_be_read_costs_no_other_key() -> None:
    key = new_key()
    keys = ring(entry(key), {"key_0": Entry("key_0", b"{", 2)})
    assert keys.client(key).client_id == "shop"


def test_the_development_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = development_key(folder)
    assert development_key(folder) == key
    assert (folder / "dev-key").stat().st_mode & 0o777 == 0o600
    assert ring(development={key: CLIENT}).client(key).scopes == frozenset(Scope)


def test_a_key_made_under_the_former_deployment_key_is_still_known() -> None:
    key, former = new_key(), Pepper([b"former"])
    both = KeyRing(Pepper([b"new", b"former"]))
    both.load(entry(key, pepper=former))
    assert both.client(key).client_id == "shop"


def test_digests_hang_on_the_deployment_key(tmp_path: Path) -> None:
    one = load_pepper(Settings(vigil_data_dir=tmp_path))
    assert one.digest("a") == load_pepper(Settings(vigil_data_dir=tmp_path)).digest("a")
    assert one.digest("a") != load_pepper(Settings(vigil_data_dir=tmp_path / "other")).digest("a")


def test_a_key_that_is_almost_right_is_as_far_away_as_any_other() -> None:
    """Only digests are compared, and how far two of them agree does not hang on how far their keys do."""
    good = new_key()
    keys = ring(entry(good), development={good: CLIENT})
    assert good not in repr(vars(keys)), "the ring does not hold the key that it knows"
    agreeing, refusals = [], set()
    for right in range(len("vk_test_"), len(good)):
        other = good[:right] + ("A" if good[right] != "A" else "B") + good[right + 1 :]
        digits = zip(PEPPER.digest(good), PEPPER.digest(other), strict=True)
        agreeing.append(len(list(takewhile(lambda pair: pair[0] == pair[1], digits))))
        with pytest.raises(KeyRefused) as refused:
            keys.client(other)
        refusals.add(str(refused.value))
    assert max(agreeing) < 8, "of 64 digits; 8 agree by chance once in 4 billion"
    assert len(refusals) == 1
