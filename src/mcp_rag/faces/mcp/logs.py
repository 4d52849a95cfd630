"""The tools that read a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import anyio.from_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from mcp_rag.faces.mcp.bounds import DEFAULT_CHARACTERS
from mcp_rag.faces.mcp.calls import ASKS, WRITES, Bounded, MaxCharacters, answer, told
from mcp_rag.faces.mcp.given import LogPath, LogUrl, Text, given_log
from mcp_rag.faces.serving.answers import DiagnosisAnswer, Extraction
from mcp_rag.faces.serving.asking import Asked
from mcp_rag.faces.serving.fetching import Fetch
from mcp_rag.faces.serving.looking import LinesAnswer, read_lines
from mcp_rag.faces.serving.shared_house import Wanted
from mcp_rag.logs.exited import LEAST, MOST

PIECES_A_MESSAGE = 20
"""Of a model's wording, about as many tokens. Chosen by eye."""

MOST_LINES = 500
"""Lines of a log in one answer. Chosen by eye."""


class Diagnosed(DiagnosisAnswer, Bounded): ...


class Extracted(Extraction, Bounded): ...


class Read(LinesAnswer, Bounded): ...


Exited = Annotated[
    int | None,
    Field(
        ge=LEAST,
        le=MOST,
        description="The exit code of the command that wrote the log, when you know it: it tells for certain whether it "
        "failed. Stands below the log as its last line.",
    ),
]
Budget = Annotated[int | None, Field(ge=1, le=2_000, description="Budget of log lines; by default the server's.")]
First = Annotated[int, Field(ge=1, description="The first line wanted, 1-based.")]
Count = Annotated[int, Field(ge=1, le=MOST_LINES, description="How many lines.")]


def add_log_tools(
    server: MCPServer[None], asked_now: Callable[[], Asked], roots: Sequence[Path], fetch: Fetch | None
) -> None:
    """``diagnose_log``, ``extract_failures`` and ``read_log_lines``."""
    reaches_out = {"open_world_hint": fetch is not None}

    @server.tool(title="Diagnose a log", annotations=WRITES.model_copy(update=reaches_out))
    async def diagnose_log(
        ctx: Context[None, Any],
        text: Text = None,
        path: LogPath = None,
        url: LogUrl = None,
        exited: Exited = None,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Diagnosed]:
        """Find what failed in a log, and its known cause and fix with evidence, or an honest unknown.

        The failure is remembered: asked again, the answer tells when it was seen and what fixed it. A large log's
        progress is told in lines, a language model's wording in pieces.
        """
        house = asked_now().house

        told_to = pieces = 0

        def progress(done: int, total: int) -> None:
            nonlocal told_to
            told_to = done
            anyio.from_thread.run(ctx.report_progress, done, total)

        def hear(piece: str) -> None:
            nonlocal told_to, pieces
            if pieces % PIECES_A_MESSAGE == 0:
                told_to += 1  # it must grow from message to message
                message = f"the language model words the answer: {pieces} pieces so far"
                anyio.from_thread.run(ctx.report_progress, told_to, None, message)
            pieces += 1

        with told():
            async with given_log(text, path, url, roots, fetch) as source:
                wanted = Wanted(exited=exited)
                found = await house.on_log(house.diagnose, source, progress=progress, wanted=wanted, hear=hear)
                return answer(found, max_characters)

    @server.tool(title="Extract the failing lines", annotations=ASKS.model_copy(update=reaches_out))
    async def extract_failures(
        text: Text = None,
        path: LogPath = None,
        url: LogUrl = None,
        exited: Exited = None,
        lines: Budget = None,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Extracted]:
        """Find the lines of a log that show what failed, best first; none when nothing failed."""
        house = asked_now().house
        with told():
            async with given_log(text, path, url, roots, fetch) as source:
                wanted = Wanted(lines=lines, exited=exited)
                return answer(await house.on_log(house.extract, source, wanted=wanted), max_characters)

    @server.tool(title="Read lines of a log", annotations=ASKS.model_copy(update=reaches_out))
    async def read_log_lines(
        path: LogPath = None,
        url: LogUrl = None,
        first: First = 1,
        count: Count = 100,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Read]:
        """Read lines around those that a diagnosis names, with secrets masked; `next` is where to read on."""
        house = asked_now().house
        with told():
            async with given_log(None, path, url, roots, fetch) as source:
                found = await house.on_log(read_lines, house.house, source, first, count, max_characters)
                return answer(found, max_characters)
