"""Polish, English or another language."""

import pytest

from app.pii.language import detect
from app.schemas.pii import Language

POLISH = [
    "Proszę o pomoc z fakturą",
    "prosze o pomoc z faktura za grudzien",
    "jak zmienic haslo",
    "Ile to kosztuje?",
    "Napisz wiersz o jesieni",
    "gdzie jest najblizszy bankomat",
]
ENGLISH = [
    "Please help me with the invoice",
    "how do I change my password",
    "What does it cost?",
    "Write a poem about autumn",
    "where is the nearest cash machine",
]
OTHER = ["", "12345", "😀😀", "Was kostet die Fahrkarte nach Berlin und wann fährt der nächste Zug?"]


@pytest.mark.parametrize("text", POLISH)
def test_polish(text: str) -> None:
    assert detect(text) is Language.POLISH


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert detect(text) is Language.ENGLISH


@pytest.mark.parametrize("text", OTHER)
def test_other(text: str) -> None:
    assert detect(text) is Language.OTHER


def test_the_same_text_always_gets_the_same_answer() -> None:
    assert len({detect("can you show me the price list") for _ in range(20)}) == 1
