"""A log that is still being written: its new lines as they come, through rotation and truncation.

Nothing is read twice and nothing is lost that was still there when it was looked for: a file that was renamed is read
to its end before its successor is opened.
"""

from __future__ import annotations

import io
import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from mcp_rag.errors import UnreadableLog
from mcp_rag.logs.decompressing import compression_of
from mcp_rag.logs.reading import HEAD_BYTES, MARKS, wide_encoding
from mcp_rag.logs.sources import FileSource

CHUNK_BYTES = 4_000_000
"""Bytes of new lines read at a time."""

LONGEST_LINE_BYTES = 1_000_000
"""Of a line that does not end, so much is kept."""

WITNESS_BYTES = 64
"""Bytes before the place read up to that are looked at again: where they changed, the file was written anew."""

POLL_SECONDS = 0.2
"""Between two looks at a file that has nothing new."""


@dataclass(frozen=True, slots=True)
class Part:
    """New whole lines; ``first`` is the number of the first. ``event`` says what happened to the file before them."""

    first: int
    data: bytes
    event: str = ""


class Followed(Protocol):
    """A log that grows."""

    name: str

    @property
    def finished(self) -> bool:
        """Whether nothing will ever come again."""

    def poll(self, wait_seconds: float = POLL_SECONDS) -> Part | None:
        """What is new; None when nothing came within ``wait_seconds``."""

    def rest(self) -> Part | None:
        """What stands there of a last line that has no end yet."""


class _Lines:
    """Bytes as they come, cut into whole lines."""

    def __init__(self, first: int = 1) -> None:
        self.next = first
        self._open = b""

    def take(self, data: bytes, event: str = "") -> Part | None:
        data = self._open + data
        cut = data.rfind(b"\n") + 1
        self._open = data[cut : cut + LONGEST_LINE_BYTES]
        return self._part(data[:cut], event)

    def rest(self) -> Part | None:
        data, self._open = self._open, b""
        return self._part(data, "")

    def _part(self, data: bytes, event: str) -> Part | None:
        if not data and not event:
            return None
        part = Part(self.next, data, event)
        self.next += data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
        return part


class FollowedFile:
    """A file by its path.

    Args:
        name: the path.
        from_start: whether what stands in it already counts as new.

    Raises:
        UnreadableLog: it is missing, no file, may not be read, is compressed, or is UTF-16 or UTF-32.
    """

    finished = False

    def __init__(self, name: str, *, from_start: bool = False) -> None:
        self.name = name
        self._stream = FileSource(name).open()
        if not self._stream.seekable():
            self._stream.close()
            raise UnreadableLog(f"cannot follow {name}", "it is a pipe", "Pipe it in: mcp-rag watch -")
        self._refuse_what_cannot_be_cut()
        self._position = 0
        self._lines = _Lines()
        self._event = ""
        self._witness = b""
        if not from_start:
            self._skip()

    def poll(self, wait_seconds: float = POLL_SECONDS) -> Part | None:
        """See :class:`Followed`."""
        part = self._look()
        if part is None and wait_seconds > 0:
            time.sleep(wait_seconds)
            part = self._look()
        return part

    def rest(self) -> Part | None:
        """See :class:`Followed`."""
        return self._lines.rest()

    def close(self) -> None:
        self._stream.close()

    def _look(self) -> Part | None:
        if self._was_written_anew():
            return self._begin_anew("truncated")
        data = self._read()
        if data:
            event, self._event = self._event, ""
            return self._lines.take(data, event)
        successor = self._successor()
        if successor is None:
            return None
        data = self._read()
        if data:  # written between the look at its end and its renaming
            successor.close()
            return self._lines.take(data)
        left = self._lines.rest()
        self._stream.close()
        self._stream = successor
        self._begin("rotated")
        return left or self._look()

    def _read(self) -> bytes:
        self._stream.seek(self._position)
        data = self._stream.read(CHUNK_BYTES)
        self._position += len(data)
        self._witness = (self._witness + data)[-WITNESS_BYTES:]
        return data

    def _was_written_anew(self) -> bool:
        if os.fstat(self._stream.fileno()).st_size < self._position:
            return True
        self._stream.seek(self._position - len(self._witness))
        return self._stream.read(len(self._witness)) != self._witness

    def _begin_anew(self, event: str) -> Part | None:
        left = self._lines.rest()
        self._begin(event)
        return left or self._look()

    def _begin(self, event: str) -> None:
        self._position, self._witness, self._event, self._lines = 0, b"", event, _Lines()

    def _successor(self) -> BinaryIO | None:
        """The file that now stands at the path, opened, when it is another one."""
        try:
            now, ours = Path(self.name).stat(), os.fstat(self._stream.fileno())
            if (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino):
                return None
            return FileSource(self.name).open()
        except (OSError, UnreadableLog):
            return None  # moved away and not written anew yet, or not for us to read yet: what we have stays open

    def _skip(self) -> None:
        """Go to the end of the last whole line that stands there."""
        lines = end = 0
        while data := self._read():
            lines += data.count(b"\n")
            end = self._position - len(data) + data.rfind(b"\n") + 1 if b"\n" in data else end
        self._position = end
        self._stream.seek(max(0, self._position - WITNESS_BYTES))
        self._witness = self._stream.read(min(WITNESS_BYTES, self._position))
        self._lines = _Lines(lines + 1)

    def _refuse_what_cannot_be_cut(self) -> None:
        head = self._stream.read(HEAD_BYTES)
        kind = compression_of(head)
        wide = wide_encoding(head) or next((e for mark, e in MARKS[1:] if head.startswith(mark)), None)
        if kind or wide:
            self._stream.close()
            what = f"{kind} data" if kind else str(wide).upper()
            raise UnreadableLog(
                f"cannot follow {self.name}", f"it is {what}", "Give it to `mcp-rag diagnose` once it is whole"
            )


class FollowedStream:
    """A stream that is open already, such as standard input; all of it is new."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self.finished = False
        self._lines = _Lines()
        try:
            self._descriptor: int | None = stream.fileno()
        except io.UnsupportedOperation:
            self._descriptor = None
        self._stream = stream

    def poll(self, wait_seconds: float = POLL_SECONDS) -> Part | None:
        """See :class:`Followed`."""
        if self.finished:
            return None
        if self._descriptor is None:
            data = self._stream.read(CHUNK_BYTES)
        elif select.select([self._descriptor], [], [], wait_seconds)[0]:
            data = os.read(self._descriptor, CHUNK_BYTES)
        else:
            return None
        self.finished = not data
        return self._lines.take(data)

    def rest(self) -> Part | None:
        """See :class:`Followed`."""
        return self._lines.rest()
