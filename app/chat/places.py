"""Where the texts of a JSON document are: whatever a model or a reader may take for language."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from app.chat.judge import Speaker, Spoken, is_blank
from app.schemas.guard import MAX_TEXT_CHARS


class _Inside(Enum):
    """A step of a way: into the JSON that a string holds."""

    JSON = "json"


INSIDE: Final = _Inside.JSON
Path = tuple[str | int | _Inside, ...]
# What a place has; its text as it stands there.
Found = tuple[Path | None, str, tuple[tuple[Path, int], ...]]

# Names, numbers and switches of the protocol; their values are no language.
STRUCTURAL = frozenset(
    (
        *(
            "role",
            "type",
            "id",
            "object",
            "model",
            "finish_reason",
            "tool_call_id",
            "call_id",
            "file_id",
            "format",
        ),
        *("detail", "mime_type", "media_type", "service_tier", "system_fingerprint", "reasoning_effort"),
        *("verbosity", "encoding_format", "$ref", "$schema", "pattern"),
    )
)
# Under these a single word is language, too; elsewhere (enum values, names of functions) it is a name.
PROSE = frozenset(
    ("content", "text", "arguments", "input", "output", "refusal", "reasoning", "reasoning_content")
)
# Binary content as text. Like a name it is language only where it holds a space.
BINARY = frozenset(("data", "file_data", "b64_json", "encrypted_content", "signature"))
# Below these the names of fields are a tool's own.
FREE = frozenset(("arguments", "input"))
_NAME = re.compile(r"[A-Za-z_$][\w.$/-]{0,63}", re.ASCII)
_SPACE = re.compile(r"\s")
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_BASE64 = re.compile(r"data:[^,\s]*;base64,[\w+/=-]*", re.ASCII)
_TEXT_FILE = re.compile(
    r"data:(?:text/|application/json)[^,\s]*;base64,([\w+/=-]*)", re.ASCII | re.IGNORECASE
)
# Where the type of a file and its content stand in one part of a message, whatever the protocol.
TYPES = ("mime_type", "media_type")
CONTENTS = ("data", "base64", "file_data")
_TEXT_TYPE = re.compile(r"text/|application/json", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"[\w+/-]+=*", re.ASCII)
# The smallest number that may be somebody's: phone numbers have nine digits.
PERSONAL = 100_000_000
# Personal data in one word is no longer than an e-mail address can be; what is encoded may be.
LONGEST_TOKEN = 254
# An order cut in two stands on both sides of it: models are given parts one behind the other.
BETWEEN_PARTS = "\n"
# What an operator says to a model: its messages of these roles, and what stands beside the messages.
OPERATORS = frozenset(("system", "developer"))
BESIDE = frozenset(("tools", "functions", "response_format"))


class Place(NamedTuple):
    """A text and the way to it; `path` is None where nothing can be put in its place (a field's name, a file).

    `parts`: the parts of a message are one text. These are the ways to them, and how many lines each has.
    """

    path: Path | None
    spoken: Spoken
    parts: tuple[tuple[Path, int], ...] = ()

    def edits(self, text: str) -> dict[Path, str | None]:
        """What to write for `text` to stand in its place: in each part its lines, unless some were cut; then all of it
        in the first.
        """
        if self.path is None:
            return {}
        lines = text.split(BETWEEN_PARTS)
        if not self.parts or len(lines) != sum(count for _, count in self.parts):
            return {self.path: text, **{_part(way): None for way, _ in self.parts[1:]}}
        edits: dict[Path, str | None] = {}
        for way, count in self.parts:
            piece = BETWEEN_PARTS.join(lines[:count])
            del lines[:count]
            edits |= {_part(way): None} if is_blank(piece) else {way: piece}
        return edits


def _part(way: Path) -> Path:
    """From the way to a part's text to that of the part."""
    return way[:-1] if way[-1] == "text" else way


def places(document: Any, speaker: Speaker) -> list[Place]:
    """The texts of `document`, in its order. Blank ones are left out."""
    return [Place(path, Spoken(text, speaker), parts) for path, text, parts in _walk(document, (), "")]


def request_places(body: Mapping[str, Any]) -> list[Place]:
    """The texts of a chat/completions request."""
    messages = body.get("messages")
    found = places(
        {name: value for name, value in body.items() if name not in BESIDE | {"messages"}}, Speaker.USER
    )
    for name in BESIDE & body.keys():
        found += _below((name,), places(body[name], Speaker.OPERATOR))
    for index, message in enumerate(messages) if isinstance(messages, list) else [(None, messages)]:
        path: Path = ("messages",) if index is None else ("messages", index)
        found += _below(path, places(message, speaker_of(message)))
    return found


def speaker_of(message: Any) -> Speaker:
    """Whose words a message of a request is. What tools have returned is not the operator's."""
    operator = isinstance(message, Mapping) and message.get("role") in OPERATORS
    return Speaker.OPERATOR if operator else Speaker.USER


def _below(path: Path, found: Iterable[Place]) -> list[Place]:
    return [
        Place(
            None if place.path is None else (*path, *place.path),
            place.spoken,
            tuple(((*path, *way), lines) for way, lines in place.parts),
        )
        for place in found
    ]


def _walk(value: Any, path: Path, key: str, free: bool = False) -> Iterator[Found]:
    """`free`: the names of fields are a tool's and not the protocol's, and numbers may be somebody's."""
    if isinstance(value, str):
        if key == "arguments" and (inner := _json(value)) is not None:
            yield from _walk(inner, (*path, INSIDE), "", free=True)
        elif not is_blank(value) and _is_text(value, key, free):
            yield path, value, ()
        elif (file := _file(value)) is not None and not is_blank(file):
            yield None, file, ()
    elif isinstance(value, int):
        if free and abs(value) >= PERSONAL:
            yield path, str(value), ()
    elif isinstance(value, Mapping):
        if (file := _attached(value)) is not None and not is_blank(file):
            yield None, file, ()
        for name, item in value.items():
            if not is_blank(name) and not _NAME.fullmatch(name):
                yield None, name, ()
            yield from _walk(item, (*path, name), name, free or name in FREE)
    elif isinstance(value, list):
        yield from _walk_list(value, path, key, free)


def _walk_list(items: list[Any], path: Path, key: str, free: bool) -> Iterator[Found]:
    parts = text_parts(items) if key == "content" and not free else {}
    if parts:
        ways: list[Path] = [(*path, n) if isinstance(items[n], str) else (*path, n, "text") for n in parts]
        lines = [text.count(BETWEEN_PARTS) + 1 for text in parts.values()]
        yield ways[0], BETWEEN_PARTS.join(parts.values()), tuple(zip(ways, lines, strict=True))
    for index, item in enumerate(items):
        if index not in parts:
            yield from _walk(item, (*path, index), key, free)
        elif isinstance(item, Mapping):
            others = {name: field for name, field in item.items() if name != "text"}
            yield from _walk(others, (*path, index), key, free)


def text_parts(content: Iterable[Any]) -> dict[int, str]:
    """The parts of a message that are one text, by their place in it; none where there are not two, or where together
    they are longer than a text may be: then each is judged by itself.
    """
    texts = {
        index: part.get("text") if isinstance(part, Mapping) else part for index, part in enumerate(content)
    }
    parts = {index: text for index, text in texts.items() if isinstance(text, str) and not is_blank(text)}
    fits = sum(map(len, parts.values())) + len(parts) <= MAX_TEXT_CHARS
    return parts if len(parts) > 1 and fits else {}


def _is_text(value: str, key: str, free: bool) -> bool:
    if key in PROSE:
        return True
    encoded = key in BINARY and (not free or len(value) > LONGEST_TOKEN)
    if encoded or (key in STRUCTURAL and not free):
        return _SPACE.search(value) is not None
    return not (_NAME.fullmatch(value) or _BASE64.fullmatch(value) or _is_address(value))


def _is_address(value: str) -> bool:
    """An address is no language, unless somebody has written sentences into it."""
    return bool(_ADDRESS.fullmatch(value)) and not _SPACE.search(unquote_plus(value))


def _json(text: str) -> Any:
    """The object or list that `text` holds, None when it holds none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, object_pairs_hook=_fields)
    except (ValueError, RecursionError):
        return None


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two fields with one name a reader sees both: such JSON is read as a text."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("two fields have the same name")
    return fields


def _file(value: str) -> str | None:
    """The text of a text file in an address of its own, None when it is none."""
    found = _TEXT_FILE.fullmatch(value)
    return None if found is None else _decoded(found[1])


def _attached(part: Mapping[Any, Any]) -> str | None:
    """The text of a text file whose type stands beside its content, None when it is none."""
    kind = next((part[name] for name in TYPES if isinstance(part.get(name), str)), "")
    content = next((part[name] for name in CONTENTS if isinstance(part.get(name), str)), "")
    return _decoded(content) if _TEXT_TYPE.match(kind) and _WORD.fullmatch(content) else None


def _decoded(encoded: str) -> str | None:
    encoded = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4)).decode(errors="replace")
    except ValueError:
        return None


def written(document: Any, texts: Mapping[Path, str | None]) -> Any:
    """A copy of `document` with other texts at some of its places, and without what is None there."""
    return _write(document, texts.items()) if texts else document


def _write(value: Any, edits: Iterable[tuple[Path, str | None]]) -> Any:
    below: dict[object, list[tuple[Path, str | None]]] = {}
    for path, text in edits:
        if not path:
            return text
        below.setdefault(path[0], []).append((path[1:], text))
    if INSIDE in below:
        return json.dumps(_write(json.loads(value), below[INSIDE]), ensure_ascii=False)
    if isinstance(value, list):
        kept = (n for n in range(len(value)) if ((), None) not in below.get(n, ()))
        return [_write(value[n], below[n]) if n in below else value[n] for n in kept]
    return {name: _write(item, below[name]) if name in below else item for name, item in value.items()}
