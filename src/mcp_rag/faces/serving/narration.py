"""What a server says on standard error: never a log's text."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

FRAMES = 12
"""Innermost frames that are told: the outer ones are the web framework's. Chosen by eye."""


class PlacesOnly(logging.Formatter):
    """Tells of an exception its type and the places it passed, and not its message, which may quote a log."""

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        kind, _, places = ei
        if kind is None:
            return ""
        passed = "".join(traceback.format_tb(places, -FRAMES))
        return f"{passed}{kind.__name__} (its message is withheld: it may quote a log)"


def narrate_on_stderr(*, requests: bool) -> None:
    """Send warnings of all parts to standard error, and a line for each request if asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlacesOnly("mcp-rag: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # The SDK's own messages below an error may quote what a client sent.
    logging.getLogger("mcp").setLevel(logging.ERROR)
    logging.getLogger("mcp_rag.requests").setLevel(logging.INFO if requests else logging.WARNING)
