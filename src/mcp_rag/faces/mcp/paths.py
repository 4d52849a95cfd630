"""A path that a client names → a file below a folder that was allowed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcp_rag.errors import InputError, UnreadableLog
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import FileSource, StreamSource

NEVER = tuple(Path(folder) for folder in ("/proc", "/sys", "/dev", "/run"))
"""What lies here looks like files and is the machine's state, secrets among it: no root makes it a log."""


@contextmanager
def allowed_log(name: str, roots: Sequence[Path]) -> Iterator[LogSource]:
    """The log at ``name``, absolute or relative to a root, open until the block ends.

    Links and ``..`` are followed before it is looked at whether the file lies below a root, and what is outside is
    refused alike whether it exists or not.

    Raises:
        InputError: it lies outside all roots, or there is none.
        UnreadableLog: it is missing, no plain file, or may not be read.
    """
    if not roots:
        raise InputError("Paths cannot be read here", "no folder was allowed", "Send the log's text instead")
    inside = [path for path in _candidates(name, roots) if any(path.is_relative_to(root) for root in roots)]
    if not inside or any(path.is_relative_to(folder) for path in inside for folder in NEVER):
        allowed = ", ".join(str(root) for root in roots)
        raise InputError(f"{name!r} may not be read", f"it is outside the allowed folders {allowed}", "Send its text")
    found = next((path for path in inside if path.is_file()), inside[0])
    _refuse_what_is_no_plain_file(found, name)
    with FileSource(found).open() as stream:
        # What was opened is what was looked at: a link put in its place meanwhile would lead elsewhere.
        if not os.path.samestat(os.fstat(stream.fileno()), found.lstat()):
            raise InputError(f"{name!r} may not be read", "it was replaced while it was opened", "Try again")
        yield StreamSource(name, stream)


def resolved_roots(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The folders with their links followed."""
    return tuple(folder.resolve() for folder in folders)


def _candidates(name: str, roots: Sequence[Path]) -> list[Path]:
    try:
        return [(root / name).resolve() for root in roots]
    except (OSError, ValueError, RuntimeError) as fault:  # a NUL, a loop of links, too long a name
        raise InputError("That is no path", str(fault), "Send the log's text instead") from fault


def _refuse_what_is_no_plain_file(path: Path, name: str) -> None:
    """A pipe would be waited for, a device read without end. What is missing is told by the open."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        why = "it is a directory" if stat.S_ISDIR(mode) else "it is a pipe, a socket, a device or a link"
        raise UnreadableLog(f"cannot read {name}", why, "Name a log file")
