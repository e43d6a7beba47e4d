"""Generated values of every type, valid by their own rules, and decoys of the same look that are not."""

from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from ipaddress import IPv4Address
from random import Random

from app.pii.recognizers.card import is_luhn
from app.pii.recognizers.crypto import is_base58check
from app.pii.recognizers.iban import is_iban
from app.pii.recognizers.identity_card import is_identity_card
from app.pii.recognizers.nip import is_nip
from app.pii.recognizers.passport import is_passport
from app.pii.recognizers.pesel import is_pesel
from app.pii.recognizers.regon import is_regon
from app.pii.recognizers.uk_nhs import is_nhs
from app.pii.recognizers.us_ssn import is_ssn

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_USERS = [
    "biuro",
    "kontakt",
    "j.nowacka",
    "m.krol89",
    "anna_w",
    "sales",
    "info.pl",
    "piotrek",
    "t-zielinska",
    "kowal+faktury",
    "support.team",
    "r2d2",
]
_HOSTS = [
    "example.pl",
    "firma.com.pl",
    "mail.example.org",
    "example.co.uk",
    "poczta.example.net",
    "uczelnia.example.edu.pl",
    "x.example.io",
]


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def _until(make: Callable[[], str], right: Callable[[str], bool], valid: bool) -> str:
    while True:
        value = make()
        if right(value) is valid:
            return value


def _grouped(random: Random, digits: str, *groupings: tuple[str, tuple[int, ...]]) -> str:
    separator, lengths = random.choice(groupings)
    parts, position = [], 0
    for length in lengths:
        parts.append(digits[position : position + length])
        position += length
    return separator.join(parts)


def _pesel(random: Random, valid: bool) -> str:
    day = date(1935, 1, 1) + timedelta(days=random.randrange(31_000))
    month = day.month + (20 if day.year >= 2000 else 0)
    head = f"{day.year % 100:02}{month:02}{day.day:02}"
    digits = _until(lambda: head + _digits(random, 5), is_pesel, valid)
    return _grouped(random, digits, *[("", (11,))] * 5, (" ", (6, 5)))


def _nip(random: Random, valid: bool) -> str:
    digits = _until(lambda: str(random.randrange(1, 10)) + _digits(random, 9), is_nip, valid)
    return _grouped(
        random, digits, ("", (10,)), ("-", (3, 3, 2, 2)), ("-", (3, 2, 2, 3)), (" ", (3, 3, 2, 2))
    )


def _regon(random: Random, valid: bool) -> str:
    if random.random() < 0.25:
        short = _until(lambda: _digits(random, 9), is_regon, True)
        return _until(lambda: short + _digits(random, 5), is_regon, valid)
    return _until(lambda: _digits(random, 9), is_regon, valid)


def _identity_card(random: Random, valid: bool) -> str:
    value = _until(
        lambda: "".join(random.choices(_LETTERS, k=3)) + _digits(random, 6), is_identity_card, valid
    )
    return value if random.random() < 0.6 else f"{value[:3]} {value[3:]}"


def _passport(random: Random, valid: bool) -> str:
    value = _until(lambda: "".join(random.choices(_LETTERS, k=2)) + _digits(random, 7), is_passport, valid)
    return value if random.random() < 0.7 else f"{value[:2]} {value[2:]}"


def _iban(random: Random, valid: bool) -> str:
    country, body = random.choice([("PL", 24)] * 6 + [("DE", 18), ("FR", 23), ("ES", 20), ("GB", 0)])
    middle = (
        "".join(random.choices(_LETTERS, k=4)) + _digits(random, 14)
        if country == "GB"
        else _digits(random, body)
    )
    value = next(
        value for check in range(2, 99) if is_iban((value := f"{country}{check:02}{middle}").lower())
    )
    if not valid:
        value = value[:-1] + str((int(value[-1]) + 1) % 10)
    shown = value[2:] if country == "PL" and random.random() < 0.4 else value
    if random.random() < 0.5:
        head = len(shown) % 4 if shown is not value else 0
        groups = [shown[:head]] * bool(head) + [shown[at : at + 4] for at in range(head, len(shown), 4)]
        return " ".join(groups)
    return shown


def _card(random: Random, valid: bool) -> str:
    prefix, length = random.choice(
        [("4", 16), ("5" + random.choice("12345"), 16), ("34", 15), ("37", 15), ("6011", 16)]
    )
    digits = _until(lambda: prefix + _digits(random, length - len(prefix)), is_luhn, valid)
    if length == 15:
        return _grouped(random, digits, ("", (15,)), (" ", (4, 6, 5)))
    return _grouped(random, digits, ("", (16,)), (" ", (4, 4, 4, 4)), ("-", (4, 4, 4, 4)))


def _phone(random: Random, valid: bool) -> str:  # noqa: ARG001 - one signature for all
    mobile = random.choice(
        ["50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"]
    ) + _digits(random, 7)
    land = (
        random.choice(["22", "12", "61", "71", "58", "32", "42", "81"])
        + str(random.randrange(2, 9))
        + _digits(random, 6)
    )
    american = f"{random.randrange(201, 989)}{random.randrange(2, 10)}{_digits(random, 6)}"
    return random.choice(
        (
            f"{mobile[:3]} {mobile[3:6]} {mobile[6:]}", f"{mobile[:3]}-{mobile[3:6]}-{mobile[6:]}",
            f"+48 {mobile[:3]} {mobile[3:6]} {mobile[6:]}", f"+48{mobile}", f"0048 {mobile}",
            f"{land[:2]} {land[2:5]} {land[5:7]} {land[7:]}", f"({land[:2]}) {land[2:5]}-{land[5:7]}-{land[7:]}",
            f"+1 {american[:3]}-{american[3:6]}-{american[6:]}", f"({american[:3]}) {american[3:6]}-{american[6:]}",
            f"+44 20 7{_digits(random, 3)} {_digits(random, 4)}", f"+49 30 {_digits(random, 8)}",
        )
    )  # fmt: skip


def _ssn(random: Random, valid: bool) -> str:
    digits = _until(lambda: _digits(random, 9), is_ssn, valid) if valid else "000" + _digits(random, 6)
    return _grouped(random, digits, ("-", (3, 2, 4)))


def _nhs(random: Random, valid: bool) -> str:
    return _grouped(random, _until(lambda: _digits(random, 10), is_nhs, valid), ("", (10,)), (" ", (3, 3, 4)))


def _crypto(random: Random, valid: bool) -> str:
    body = b"\0" + bytes(random.randrange(256) for _ in range(20))
    check = sha256(sha256(body).digest()).digest()[:4]
    number = int.from_bytes(body + (check if valid else b"\0\0\0\0"), "big")
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    value = "1" + text
    return value if is_base58check(value) is valid and len(value) > 26 else _crypto(random, valid)


def _born(random: Random, valid: bool) -> str:  # noqa: ARG001
    day = date(1940, 1, 1) + timedelta(days=random.randrange(28_000))
    return random.choice((f"{day:%d.%m.%Y}", f"{day:%Y-%m-%d}", f"{day:%d/%m/%Y}"))


def _key(random: Random, valid: bool) -> str:  # noqa: ARG001
    signs = _BASE58.replace("1", "")
    return random.choice(
        (
            "AKIA" + "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
            "ghp_" + "".join(random.choices(signs, k=36)),
        )
    )


def _plate(random: Random, valid: bool) -> str:  # noqa: ARG001
    return random.choice(("WA", "KR", "GD", "PO", "DW", "SK", "LU", "WPI", "KRA")) + " " + _digits(random, 5)


_MAKERS: dict[str, Callable[[Random, bool], str]] = {
    "PL_PESEL": _pesel,
    "PL_NIP": _nip,
    "PL_REGON": _regon,
    "PL_KRS": lambda random, _: "0000" + _digits(random, 6),
    "PL_ID_CARD": _identity_card,
    "PL_PASSPORT": _passport,
    "IBAN_CODE": _iban,
    "CREDIT_CARD": _card,
    "PHONE_NUMBER": _phone,
    "US_SSN": _ssn,
    "UK_NHS": _nhs,
    "CRYPTO": _crypto,
    "DATE_OF_BIRTH": _born,
    "API_KEY": _key,
    "PL_VEHICLE_REGISTRATION": _plate,
    "EMAIL_ADDRESS": lambda random, _: f"{random.choice(_USERS)}@{random.choice(_HOSTS)}",
    "IP_ADDRESS": lambda random, _: str(IPv4Address(random.randrange(0x0B000000, 0xDF000000))),
}


def value(kind: str, random: Random, valid: bool = True) -> str:
    """A value of the type `kind`; with `valid` False one that only looks like it."""
    return _MAKERS[kind](random, valid)
