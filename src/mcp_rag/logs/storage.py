"""The bytes of a log: in memory while they are few, in a file where they are many.

A file is read where it is asked and never mapped: a mapped log that another process truncates kills its reader.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

IN_MEMORY_BYTES = 64_000_000
"""Up to here a log is held in memory. Chosen by eye."""

PIECE_BYTES = 4_000_000
"""Bytes of a file read at a time."""


class FileBytes:
    """The first ``size`` bytes of an open file and a ``tail`` behind them, under the names that ``bytes`` has for what is
    done with a log.

    The file may be closed afterwards. Bytes that it loses meanwhile read as NUL.
    """

    def __init__(self, file: BinaryIO | FileBytes, size: int, tail: bytes = b"") -> None:
        self._descriptor = os.dup(file.fileno())
        self._in_file, self._tail = size, tail
        weakref.finalize(self, os.close, self._descriptor)

    def fileno(self) -> int:
        """The descriptor of the file."""
        return self._descriptor

    def __len__(self) -> int:
        return self._in_file + len(self._tail)

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        end = min(stop, self._in_file)
        data = os.pread(self._descriptor, max(0, end - start), start)
        while start + len(data) < end:
            more = os.pread(self._descriptor, end - start - len(data), start + len(data))
            data += more or bytes(end - start - len(data))
        return data + self._tail[max(0, start - self._in_file) : max(0, stop - self._in_file)]

    def startswith(self, head: bytes) -> bool:
        return self[: len(head)] == head

    def endswith(self, tail: bytes) -> bool:
        return len(self) >= len(tail) and self[len(self) - len(tail) :] == tail


Stored = bytes | FileBytes


def pieces(data: Stored) -> Iterator[bytes]:
    """``data`` in pieces that end with a line, but where a line is longer than a piece; those in memory in one."""
    if isinstance(data, bytes):
        yield data
        return
    start = 0
    while start < len(data):
        piece = data[start : start + PIECE_BYTES]
        cut = piece.rfind(b"\n") + 1 or len(piece)
        yield piece[:cut]
        start += cut


class Spool:
    """Takes bytes in, in memory until they are too many."""

    def __init__(self) -> None:
        self._file: BinaryIO = BytesIO()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > IN_MEMORY_BYTES and isinstance(self._file, BytesIO):
            held = self._file.getvalue()
            # Closed by finish or close, not at the end of a block.
            self._file = tempfile.TemporaryFile(prefix="mcp-rag-")  # noqa: SIM115
            self._file.write(held)
        self._file.write(data)

    def finish(self) -> Stored:
        """What was taken in."""
        if isinstance(self._file, BytesIO):
            return self._file.getvalue()
        with self._file:
            self._file.flush()
            return FileBytes(self._file, self.size)

    def close(self) -> None:
        self._file.close()
