"""The encoder's vocabulary: a sentencepiece model file, read into a `tokenizers` model."""

import struct
from collections.abc import Iterator

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

_PIECES, _TRAINER, _CHARSMAP = 1, 3, 2


def tokenizer(model: bytes) -> Tokenizer:
    """The unigram vocabulary in `model`; the file has the old layout, with the character map in the trainer's part."""
    pieces: list[tuple[str, float]] = []
    charsmap = b""
    for field, start, end in _fields(model, 0, len(model)):
        if field == _PIECES:
            text, score = "", 0.0
            for inner, first, last in _fields(model, start, end):
                if inner == 1:
                    text = model[first:last].decode("utf-8")
                elif inner == 2:
                    (score,) = struct.unpack_from("<f", model, first)
            pieces.append((text, score))
        elif field == _TRAINER:
            charsmap = next(
                (model[a:b] for inner, a, b in _fields(model, start, end) if inner == _CHARSMAP), b""
            )
    built = Tokenizer(models.Unigram(pieces, unk_id=0))
    built.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap), normalizers.Replace(" {2,}", " "), normalizers.Strip()]
    )
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    return built


def _fields(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Fields of a protocol buffer message: number, and where the value lies."""
    while position < end:
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == 2:
            size, position = _varint(data, position)
        elif kind == 5:
            size = 4
        elif kind == 1:
            size = 8
        else:
            size = _varint(data, position)[1] - position
        yield tag >> 3, position, position + size
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
