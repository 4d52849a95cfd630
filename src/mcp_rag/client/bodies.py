"""A log → what is sent of it: its secrets masked, compressed where that pays."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_rag.logs.log import Log
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.redaction import Redactor
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import FileSource, MemorySource

COMPRESSED_FROM_BYTES = 16_384
"""Smaller logs are sent as they are: they fit into a few packets. Chosen by eye."""

LONGEST_KEY_BYTES = 1_000_000
"""So far the end of a private key is looked for, where a block of lines ends inside of one. Chosen by eye."""

GivenLog = str | bytes | os.PathLike[str] | LogSource | Log
"""A path, the bytes of a log, a source of your own, or a log that was read already."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read and masked before it is sent: ceilings of a log's size in bytes once unpacked, and of its
    compression; None for ``redactor`` sends it as it is."""

    redactor: Redactor | None
    max_bytes: int = 20_000_000_000
    max_ratio: float = 100


def log_of(given: GivenLog, limits: Limits) -> Log:
    """The log that is given.

    Raises:
        InputError: it cannot be read, is no text or is too large.
    """
    if isinstance(given, Log):
        return given
    source: LogSource
    if isinstance(given, bytes):
        source = MemorySource("request", given)
    elif isinstance(given, str | os.PathLike):
        source = FileSource(given)
    else:
        source = given
    return read_log(source, max_bytes=limits.max_bytes, max_ratio=limits.max_ratio)


def body_of(log: Log, limits: Limits) -> bytes:
    """The body that a log is sent as: its lines keep their numbers."""
    if len(log.data) < COMPRESSED_FROM_BYTES:
        return b"".join(_masked(log, limits.redactor))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=4, mtime=0) as out:
        for block in _masked(log, limits.redactor):
            out.write(block)
    return packed.getvalue()


def _masked(log: Log, redactor: Redactor | None) -> Iterator[bytes]:
    """The log's bytes in blocks, masked. A block goes on until no private key is open at its end."""
    held = b""
    for block in log.blocks():
        held += log.bytes_of(block)
        if redactor and _is_open(held) and len(held) < LONGEST_KEY_BYTES + block.stop - block.start:
            continue
        yield _mask(held, redactor)
        held = b""
    if held:
        yield _mask(held, redactor)


def _is_open(block: bytes) -> bool:
    return block.rfind(b"-----BEGIN ") > block.rfind(b"-----END ")


def _mask(block: bytes, redactor: Redactor | None) -> bytes:
    if redactor is None:
        return block
    lines = block.decode("utf-8", "surrogateescape").split("\n")
    return "\n".join(redactor.redact_all(lines)).encode("utf-8", "surrogateescape")
