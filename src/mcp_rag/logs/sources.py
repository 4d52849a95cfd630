"""Where a log's bytes come from: a file, a stream such as standard input, or memory (the twin)."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from mcp_rag.errors import UnreadableLog

_ALREADY_OPEN = ("/dev/fd/", "/dev/stdin", "/proc/")
"""Where a shell's ``<(command)`` shows up: a pipe with a writer at its other end, so that opening it cannot hang."""


class FileSource:
    """A file by its path; ``name`` is the path just as it was given."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)

    def open(self) -> BinaryIO:
        """Raises UnreadableLog when it is missing, no file, or may not be read."""
        try:
            self._refuse_what_is_no_file()
            return Path(self.name).open("rb")
        except (OSError, ValueError) as fault:  # ValueError: a NUL in the path
            raise _unreadable(self.name, fault) from fault

    def _refuse_what_is_no_file(self) -> None:
        mode = Path(self.name).stat().st_mode
        if stat.S_ISFIFO(mode) and not self.name.startswith(_ALREADY_OPEN):
            why, step = "it is a named pipe, which may never be written to", f"Read it with: mcp-rag - < {self.name}"
        elif stat.S_ISSOCK(mode) or stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not self._is_harmless()):
            why, step = "it is a device or a socket", "Give a file, or - for standard input"
        else:
            return
        raise UnreadableLog(f"cannot read {self.name}", why, step)

    def _is_harmless(self) -> bool:
        return self.name == os.devnull or self.name.startswith(_ALREADY_OPEN)


def _unreadable(name: str, fault: OSError | ValueError) -> UnreadableLog:
    why, step = str(fault), "Check the path"
    if isinstance(fault, FileNotFoundError):
        why, step = "there is no such file", "Check the path, or give - for standard input"
    elif isinstance(fault, IsADirectoryError):
        why, step = "it is a directory", "Name the log files in it"
    elif isinstance(fault, PermissionError):
        why, step = "permission denied", "Make it readable for this user"
    return UnreadableLog(f"cannot read {name}", why, step)


class _Borrowed(io.RawIOBase):
    """Somebody else's stream: reading goes through, closing does not."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    # The base takes any buffer; only what has a length and slices is ever given by BufferedReader.
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)


class StreamSource:
    """A stream that is already open and can be read once: standard input, a pipe, a recording."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self._stream = stream
        self._opened = False

    def open(self) -> BinaryIO:
        """The stream itself, which stays open when the result is closed.

        Raises:
            UnreadableLog: it was opened before, or is closed.
        """
        if self._opened or self._stream.closed:
            why = "a stream can be read once, and it has been"
            raise UnreadableLog(f"cannot read {self.name}", why, "Write it to a file and give that")
        self._opened = True
        return io.BufferedReader(_Borrowed(self._stream))


class MemorySource:
    """Bytes in memory: the twin of the two others."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._data = data

    def open(self) -> BinaryIO:
        return io.BytesIO(self._data)
