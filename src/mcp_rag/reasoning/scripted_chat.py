"""The in-memory twin of a chat model: it says what it was told to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_rag.errors import ChatUnreachable
from mcp_rag.reasoning.chat import Message, Reply


class ScriptedChat:
    """Replies with ``replies`` in turn, and keeps what it was asked in ``asked``."""

    def __init__(self, *replies: str) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[Message, ...]] = []

    @property
    def name(self) -> str:
        return "scripted"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        self.asked.append(tuple(messages))
        if not self._replies:
            raise ChatUnreachable("The script has no reply left")
        return Reply(self._replies.pop(0), self.name)
