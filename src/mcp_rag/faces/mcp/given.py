"""The log that a call gives: its text, its path, or its URL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from pydantic import Field

from mcp_rag.errors import InputError
from mcp_rag.faces.mcp.paths import allowed_log
from mcp_rag.faces.serving.fetching import Fetch, fetched_log
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource

Text = Annotated[str | None, Field(description="The log itself. Give exactly one of text, path and url.")]
LogPath = Annotated[str | None, Field(description="A log file below an allowed folder, in place of text.")]
LogUrl = Annotated[str | None, Field(description="A log's http(s) address, where this server may fetch it.")]


@asynccontextmanager
async def given_log(
    text: str | None, path: str | None, url: str | None, roots: Sequence[Path], fetch: Fetch | None
) -> AsyncIterator[LogSource]:
    """The log that exactly one of ``text``, ``path`` and ``url`` gives.

    Raises:
        InputError: none or several are given, it is empty, or it may not be read.
        RemoteError: the server behind ``url`` does not answer as it should.
    """
    named = [name for name, value in (("text", text), ("path", path), ("url", url)) if value is not None]
    if len(named) != 1:
        why = f"{' and '.join(named)} were given" if named else "none was given"
        raise InputError("Exactly one of text, path and url is needed", why, "Give the log's text, or where it is")
    if path is not None:
        with allowed_log(path, roots) as source:
            yield source
    elif url is not None:
        async with fetched_log(fetch, url) as source:
            yield source
    elif not text:
        raise InputError("There is no log", "its text is empty", "Give the log's text")
    else:
        yield MemorySource("text", text.encode("utf-8", "replace"))
