"""A SentencePiece unigram model → its tokenizer, by the library ``tokenizers`` alone.

The file is a protocol buffer (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto): field 1
are the pieces (1 the text, 2 its log probability), field 3 is the normaliser's specification (2 its table).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES, NORMALISER = 1, 3
TEXT, SCORE, TABLE = 1, 2, 2
VARINT, EIGHT_BYTES, COUNTED, FOUR_BYTES = 0, 1, 2, 5

UNKNOWN, FIRST, LAST = 0, 1, 2
"""Ids of ``<unk>``, ``<s>`` and ``</s>``: SentencePiece's defaults."""


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a unigram model.

    Raises:
        ValueError: the file is no such model.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary: list[tuple[str, float]] = []
    table = b""
    for number, content in _fields(path.read_bytes()):
        parts = dict(_fields(content)) if number in (PIECES, NORMALISER) else {}
        if number == PIECES:
            vocabulary.append((parts[TEXT].decode(), struct.unpack("<f", parts.get(SCORE, bytes(4)))[0]))
        elif number == NORMALISER:
            table = parts.get(TABLE, b"")
    if len(vocabulary) <= LAST or vocabulary[LAST][0] != "</s>":
        raise ValueError(f"{path} holds no SentencePiece model with the usual marks")
    tokenizer = Tokenizer(models.Unigram(vocabulary, UNKNOWN, byte_fallback=False))
    steps = [normalizers.Precompiled(table)] if table else []
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    return tokenizer


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, content) of each field of a protocol buffer's message that has a length or four bytes."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == VARINT:
            _, place = _varint(data, place)
            continue
        if kind == COUNTED:
            size, place = _varint(data, place)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"a protocol buffer has no field of kind {kind}")
        if place + size > len(data):
            raise ValueError("the protocol buffer breaks off")
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """An integer in groups of seven bits, and the place behind it."""
    value = shift = 0
    while place < len(data):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("the protocol buffer breaks off")
