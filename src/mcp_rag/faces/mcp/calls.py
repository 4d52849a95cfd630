"""What all tools share: schemas of answers that are kept short, and errors that a model can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from mcp_rag.errors import McpRagError
from mcp_rag.faces.mcp.bounds import FEWEST_CHARACTERS, MOST_CHARACTERS, bounded

MaxCharacters = Annotated[
    int, Field(ge=FEWEST_CHARACTERS, le=MOST_CHARACTERS, description="Longest answer, in characters of JSON.")
]

ASKS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
"""Adds to what is known; nothing is lost by it."""


class Bounded(BaseModel):
    """An answer that is kept short."""

    shortened: str | None = Field(None, description="what was cut to keep the answer short, and how to see more")


def answer(values: dict[str, Any], max_characters: int) -> CallToolResult:
    """``values`` as a tool's result, structured and as text alike, within ``max_characters``."""
    short, text = bounded(values, max_characters)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=short)


@contextmanager
def told() -> Iterator[None]:
    """Our errors as tool errors, which a model reads: what happened, why, what to do next."""
    try:
        yield
    except McpRagError as error:
        raise ToolError(str(error)) from error
