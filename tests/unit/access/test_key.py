"""Keys: shape and checksum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.key import Environment, hint, masked, new_key, well_formed


@pytest.mark.parametrize("environment", Environment)
def test_a_key_has_the_documented_shape(environment: Environment) -> None:
    key = new_key(environment)
    assert key.startswith(f"vk_{environment}_")
    assert len(key) == len("vk_test_") + 33 + 6
    assert well_formed(key)


@given(st.integers(0, 46), st.characters(codec="ascii"))
def test_one_wrong_character_breaks_the_checksum(place: int, character: str) -> None:
    key = new_key()
    broken = key[:place] + character + key[place + 1 :]
    assert well_formed(broken) == (broken == key)


def test_a_hint_shows_four_characters_of_a_key() -> None:
    key = new_key(Environment.LIVE)
    assert hint(key) == f"vk_live_...{key[-4:]}"


def test_in_what_is_repeated_keys_are_masked() -> None:
    key = new_key()
    assert masked(f"/v1/guard/{key}/x") == "/v1/guard/vk_test_.../x"
    assert masked(f"vg_{key[3:]}: unknown field") == "vg_test_...: unknown field"
    assert masked("/v1/guard/input") == "/v1/guard/input"
