"""The seam to where a log's bytes come from."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class LogSource(Protocol):
    """A named stream of bytes, possibly compressed. ``name`` comes back verbatim in answers."""

    @property
    def name(self) -> str: ...

    def open(self) -> BinaryIO:
        """Open the raw bytes for reading from the start.

        Raises:
            UnreadableLog: it does not exist, is a directory, or may not be read.
        """
        ...
