"""A path that a client names → a file below a folder that was allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import FileSource, StreamSource


@contextmanager
def allowed_log(name: str, roots: Sequence[Path]) -> Iterator[LogSource]:
    """The log at ``name``, absolute or relative to a root, open until the block ends.

    Links and ``..`` are followed before it is looked at whether the file lies below a root, and what is outside is
    refused alike whether it exists or not.

    Raises:
        InputError: it lies outside all roots, or there is none.
        UnreadableLog: it is missing, no file, or may not be read.
    """
    if not roots:
        raise InputError("Paths cannot be read here", "no folder was allowed", "Send the log's text instead")
    inside = [path for path in _candidates(name, roots) if any(path.is_relative_to(root) for root in roots)]
    if not inside:
        allowed = ", ".join(str(root) for root in roots)
        raise InputError(f"{name!r} may not be read", f"it is outside the allowed folders {allowed}", "Send its text")
    found = next((path for path in inside if path.is_file()), inside[0])
    with FileSource(found).open() as stream:
        yield StreamSource(name, stream)


def resolved_roots(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The folders with their links followed."""
    return tuple(folder.resolve() for folder in folders)


def _candidates(name: str, roots: Sequence[Path]) -> list[Path]:
    try:
        return [(root / name).resolve() for root in roots]
    except (OSError, ValueError, RuntimeError) as fault:  # a NUL, a loop of links, too long a name
        raise InputError("That is no path", str(fault), "Send the log's text instead") from fault
