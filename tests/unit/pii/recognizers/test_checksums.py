"""Check digits: a specimen from its source passes, every single wrong digit fails."""

from collections.abc import Callable

import pytest

from app.pii.recognizers.card import is_luhn
from app.pii.recognizers.crypto import is_base58check, is_bech32
from app.pii.recognizers.iban import is_iban
from app.pii.recognizers.identity_card import is_identity_card
from app.pii.recognizers.nip import is_nip
from app.pii.recognizers.passport import is_passport
from app.pii.recognizers.pesel import is_pesel
from app.pii.recognizers.regon import is_regon
from app.pii.recognizers.uk_nhs import is_nhs
from app.pii.recognizers.us_ssn import is_ssn

SPECIMENS = [
    (is_luhn, "4111111111111111"),
    (is_iban, "pl61109010140000071219812874"),
    (is_iban, "gb82west12345698765432"),
    (is_nip, "5261040828"),
    (is_regon, "123456785"),
    (is_regon, "12345678512347"),
    (is_pesel, "44051401359"),
    (is_identity_card, "ABA300000"),
    (is_passport, "ZS0000177"),
    (is_nhs, "9434765919"),
]


@pytest.mark.parametrize(("check", "number"), SPECIMENS)
def test_a_specimen_passes_and_no_wrong_last_digit_does(check: Callable[[str], bool], number: str) -> None:
    assert check(number)
    others = [number[:-1] + digit for digit in "0123456789" if digit != number[-1]]
    assert not any(check(other) for other in others)


def test_a_regon_remainder_of_ten_counts_as_zero() -> None:
    # 8*0 + 9*0 + 2*0 + 3*0 + 4*0 + 5*0 + 6*0 + 7*3 = 21, remainder 10.
    assert is_regon("000000030")


def test_a_pesel_needs_a_calendar_date() -> None:
    assert not is_pesel("44023001358")  # 30 February


@pytest.mark.parametrize("number", ["000123456", "666123456", "900123456", "123004567", "123450000"])
def test_social_security_numbers_that_are_never_issued(number: str) -> None:
    assert not is_ssn(number)


def test_wallets() -> None:
    assert is_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")  # Bitcoin's first block
    assert not is_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
    assert is_bech32("bc", "qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")  # BIP 173
    assert not is_bech32("bc", "qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")
