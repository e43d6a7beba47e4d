"""What hides a value, and what only looks like one."""

import unicodedata

import pytest

from app.pii.engine import PiiEngine
from app.pii.redaction import redact

ENGINE = PiiEngine()


def found(text: str) -> list[tuple[str, str]]:
    return [(entity.type, text[entity.start : entity.end]) for entity in ENGINE.analyze(text).entities]


@pytest.mark.parametrize(
    "written",
    [
        "44051401359",
        "4405\u200b1401359",
        "440514\u00a001359",
        "440514\u202f01359",
        "４４０５１４０１３５９",
        "٤٤٠٥١٤٠١٣٥٩",
        "4\u00ad4\u00ad051401359",
        "44051401359\u200b",
        "4 4 0 5 1 4 0 1 3 5 9",
        "440514-01359",
    ],
)
def test_nothing_hides_a_number(written: str) -> None:
    text = f"😀👍🏽\r\nPESEL: {written}\r\nkoniec"
    ((kind, value),) = found(text)
    assert kind == "PL_PESEL"
    assert value.rstrip("\u200b") == written.rstrip("\u200b")
    assert "koniec" in redact(text, ENGINE.analyze(text).masks)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_names_in_every_normal_form(form: str) -> None:
    text = unicodedata.normalize(form, "😀 Pani Żaneta Wójcik-Śliwińska prosi o kontakt")
    name = unicodedata.normalize(form, "Żaneta Wójcik-Śliwińska")
    assert found(text) == [("PERSON", name)]


@pytest.mark.parametrize(
    "text",
    [
        "x44051401359y",
        "44051401359012345",
        "PESEL 44051401358",
        "PESEL 44023001354",
        "NIP 526-10-40-829",
        "REGON 123456784",
        "konto PL61 1090 1014 0000 0712 1981 2875",
        "karta 4111 1111 1111 1112",
        "SSN 000-12-3456",
        "NHS 943 476 5918",
        "urodzony 31.02.1980 w Opolu",
        "wersja 192.168.1.17",
        "10.20.30.400",
        "zamówienie nr 601 234 567",
        "faktura 5261040828",
        "cena 601 234 567 zł",
        "git@github.com:firma/projekt.git",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "[PL_PESEL_1], [PERSON_2], [PHONE_NUMBER#0123456789012345]",
        "id=e44051401359f0",
        "call(601234567)",
        "2025-11-08 11:00:00 sent to 2 phones",
    ],
)
def test_what_only_looks_like_a_value_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Spółka w KRS pod numerem 0000057562, NIP 5261040828",
         [("PL_KRS", "0000057562"), ("PL_NIP", "5261040828")]),
        ("Mamy wersję 7.0.12.\nZablokuj 83.12.40.7 na zaporze.", [("IP_ADDRESS", "83.12.40.7")]),
        ("Zamówienie dotarło. Oddzwoń: 601 234 567", [("PHONE_NUMBER", "601 234 567")]),
        ("Napisz do Marka Nowaka i do Kasi.", [("PERSON", "Marka Nowaka"), ("PERSON", "Kasi")]),
        ("hej, tu magda nowak", [("PERSON", "magda nowak")]),
        ('{"imie": "Nadia", "nazwisko": "Czajka"}', [("PERSON", "Nadia"), ("PERSON", "Czajka")]),
        ("Lalka Bolesława Prusa i Pan Tadeusz Adama Mickiewicza", []),
        ("Stanley Park, Lake Victoria, Carl Data Solutions Inc", []),
        ("Mrs. Vanderbilt met Mr. President", [("PERSON", "Vanderbilt")]),
        ("https://jan:tajne123@host.pl/x", [("URL_CREDENTIALS", "jan:tajne123")]),
        ("Hasło do wifi: Zima2024!abc", [("PASSWORD", "Zima2024!abc")]),
        ("Paczka: ul. Długa 15/3, 31-147 Kraków.", [("LOCATION", "ul. Długa 15/3, 31-147 Kraków")]),
        ("Born on March 3, 1980.", [("DATE_OF_BIRTH", "March 3, 1980")]),
        ("auto o tablicach WPI 12345", [("PL_VEHICLE_REGISTRATION", "WPI 12345")]),
        ("BTC 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", [("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")]),
    ],
)  # fmt: skip
def test_context_decides(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_offsets_over_mixed_newlines(newline: str) -> None:
    text = newline.join(["a", "tel. 601 234 567", "", "jan@example.pl", "😀", "PESEL 44051401359"])
    assert [value for _, value in found(text)] == ["601 234 567", "jan@example.pl", "44051401359"]
