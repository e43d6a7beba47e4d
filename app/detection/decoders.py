"""Encodings that hide a text: each decoder reads a layer and yields the layers below it."""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import unquote_to_bytes

from app.detection.layers import Layer, LayerBuilder

Decoder = Callable[[Layer], Iterator[Layer]]

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPE = re.compile(r"(?:\\u\{?[0-9A-Fa-f]{4,6}\}?|\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2})+")
_ESCAPED = re.compile(r"\\u\{?([0-9A-Fa-f]{4,6})\}?|\\x([0-9A-Fa-f]{2})|\\([0-7]{3})")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}(?:\r?\n[A-Za-z0-9+/_-]{12,})*={0,2}")
_BASE32 = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{16,}={0,6}")
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{2}(?:[ :,]{0,2}(?:0x)?[0-9A-Fa-f]{2}){7,}(?![0-9A-Za-z])"
)
_BINARY = re.compile(r"(?<![01])[01]{8}(?:[ ,]?[01]{8}){3,}(?![01])")
_DECIMAL = re.compile(r"(?<![\d.])\d{2,3}(?:[ ,;]{1,2}\d{2,3}){7,}(?![\d.])")
_MORSE = re.compile(r"(?<![\w.\-])[.\-]{1,5}(?:[ /|]{1,3}[.\-]{1,5}){9,}(?![\w.\-])")
_WORD = re.compile(r"[^\W\d_]+")

_MORSE_CODES = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."  # noqa: E501
_MORSE_LETTERS = {code: chr(ord("a") + i) for i, code in enumerate(_MORSE_CODES.split())}

# Words that give an order away; a shifted or reversed text is read when one of them appears in it.
_TELLTALE = [
    "ignore",
    "previous",
    "instructions",
    "instruction",
    "system",
    "prompt",
    "reveal",
    "password",
    "disregard",
    "override",
    "forget",
    "zignoruj",
    "poprzednie",
    "polecenia",
    "instrukcje",
    "hasło",
    "zapomnij",
    "ujawnij",
    "wypisz",
]


def percent(layer: Layer) -> Iterator[Layer]:
    """URL encoding, from three encoded bytes on."""
    if layer.text.count("%") >= 3:
        yield from _replace(layer, _PERCENT, "percent", lambda found: _utf8(unquote_to_bytes(found)), least=3)


def entities(layer: Layer) -> Iterator[Layer]:
    """HTML entities, named and numeric."""
    if "&" in layer.text:
        yield from _replace(layer, _ENTITY, "entities", html.unescape, least=3)


def escapes(layer: Layer) -> Iterator[Layer]:
    r"""Escapes of programming languages: \u0069, \x69, \151."""
    if layer.text.count("\\") >= 3:
        yield from _replace(layer, _ESCAPE, "escapes", lambda found: _ESCAPED.sub(_unescape, found), least=6)


def blobs(layer: Layer) -> Iterator[Layer]:
    """Base64, Base32, hexadecimal, binary, decimal codes and Morse: each blob of text is a layer of its own."""
    text = layer.text
    for name, pattern, decode in _BLOBS:
        for match in pattern.finditer(text):
            plain = decode(match.group())
            if plain is not None and _readable(plain):
                builder = LayerBuilder(layer)
                builder.put(plain, match.start(), match.end())
                yield builder.build(name, decoded=True)


def ciphers(layer: Layer) -> Iterator[Layer]:
    """Caesar shifts (ROT13 among them), Atbash and reversed text, when a telltale word shows."""
    names = {
        name for match in _WORD.finditer(layer.text) if (name := _telltales().get(match.group().lower()))
    }
    for name in sorted(names):
        builder = LayerBuilder(layer)
        if name == "reversed":
            for i in range(len(layer.text) - 1, -1, -1):
                builder.keep(i, i + 1)
            yield builder.build(name, decoded=True)
        else:
            plain = layer.text.translate(_alphabet(name))
            builder.keep(0, len(plain))
            moved = builder.build(name, decoded=True)
            yield Layer(moved.name, plain, moved.starts, moved.ends, decoded=True)


def _replace(
    layer: Layer, pattern: re.Pattern[str], name: str, decode: Callable[[str], str], least: int
) -> Iterator[Layer]:
    """One layer with every match decoded in place, unless fewer than `least` characters were encoded."""
    matches = list(pattern.finditer(layer.text))
    if sum(len(match.group()) for match in matches) < least * 3:
        return
    builder = LayerBuilder(layer)
    position = 0
    for match in matches:
        builder.keep(position, match.start())
        builder.put(decode(match.group()), match.start(), match.end())
        position = match.end()
    builder.keep(position, len(layer.text))
    yield builder.build(name, decoded=True)


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _unescape(match: re.Match[str]) -> str:
    digits, base = (match[1] or match[2], 16) if match[1] or match[2] else (match[3], 8)
    code = int(digits, base)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def _readable(text: str) -> bool:
    """Text rather than chance: at least four characters, nearly all letters, digits, spaces or punctuation."""
    if len(text) < 4:
        return False
    letters = sum(char.isalpha() or char == " " for char in text)
    odd = sum(not char.isprintable() and char not in "\r\n\t" for char in text)
    return letters >= 0.6 * len(text) and odd <= 0.02 * len(text)


def _from_base64(found: str) -> str | None:
    compact = "".join(found.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(compact) % 4 == 1:
        compact = compact[:-1]
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None
    return _strict(raw)


def _from_base32(found: str) -> str | None:
    compact = found.rstrip("=")
    try:
        return _strict(base64.b32decode(compact + "=" * (-len(compact) % 8)))
    except (binascii.Error, ValueError):
        return None


def _from_hex(found: str) -> str | None:
    digits = re.sub(r"0x|[ :,]", "", found)
    return _strict(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _from_binary(found: str) -> str | None:
    digits = re.sub(r"[ ,]", "", found)
    return _strict(bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits) - 7, 8)))


def _from_decimal(found: str) -> str | None:
    codes = [int(code) for code in re.findall(r"\d+", found)]
    return "".join(map(chr, codes)) if all(32 <= code < 384 for code in codes) else None


def _from_morse(found: str) -> str | None:
    words = re.split(r" ?[/|] ?| {3}", found)
    plain = " ".join("".join(_MORSE_LETTERS.get(code, "?") for code in word.split()) for word in words)
    return plain if "?" not in plain else None


def _strict(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-16-le", "replace") if raw[1::2].count(0) * 2 == len(raw) else None


_BLOBS: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("base64", _BASE64, _from_base64),
    ("base32", _BASE32, _from_base32),
    ("hex", _HEX, _from_hex),
    ("binary", _BINARY, _from_binary),
    ("decimal", _DECIMAL, _from_decimal),
    ("morse", _MORSE, _from_morse),
)


@cache
def _alphabet(name: str) -> dict[int, int]:
    """The table that undoes a cipher on the letters of ASCII."""
    lower = "abcdefghijklmnopqrstuvwxyz"
    if name == "atbash":
        target = lower[::-1]
    elif name == "rot13":
        target = codecs.encode(lower, "rot13")
    else:
        shift = int(name.removeprefix("caesar"))
        target = lower[-shift:] + lower[:-shift]
    return str.maketrans(lower + lower.upper(), target + target.upper())


@cache
def _telltales() -> dict[str, str]:
    """Enciphered telltale words, each with the cipher it speaks of."""
    lower = "abcdefghijklmnopqrstuvwxyz"
    found = {word[::-1]: "reversed" for word in _TELLTALE}
    atbash = str.maketrans(lower, lower[::-1])
    found |= {word.translate(atbash): "atbash" for word in _TELLTALE}
    for shift in range(1, 26):
        table = str.maketrans(lower, lower[shift:] + lower[:shift])
        name = "rot13" if shift == 13 else f"caesar{shift}"
        found |= {word.translate(table): name for word in _TELLTALE}
    return found


DECODERS: tuple[Decoder, ...] = (percent, entities, escapes, blobs, ciphers)
