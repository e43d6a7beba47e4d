"""Keys: shape, checksum, ring."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.keys import Client, KeyRing, development_key, digest, new_key, well_formed


def test_a_key_has_the_documented_shape() -> None:
    key = new_key()
    assert key.startswith("vk_test_")
    assert len(key) == len("vk_test_") + 33 + 6
    assert well_formed(key)


@given(st.integers(0, 46), st.characters(codec="ascii"))
def test_one_wrong_character_breaks_the_checksum(place: int, character: str) -> None:
    key = new_key()
    broken = key[:place] + character + key[place + 1 :]
    assert well_formed(broken) == (broken == key)


@pytest.mark.parametrize("key", ["", "vk_test_", "vk_test_" + "é" * 39, "x" * 10_000])
def test_nonsense_is_nobodys(key: str) -> None:
    assert KeyRing({digest(new_key()): Client("dev")}).client(key) is None


def test_the_development_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "data" / "dev-key"
    key = development_key(file)
    assert development_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert KeyRing({digest(key): Client("dev")}).client(key) == Client("dev")
