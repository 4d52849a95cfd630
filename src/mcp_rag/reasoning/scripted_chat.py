"""The in-memory twin of a chat model: it says what it was told to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mcp_rag.errors import ChatError, ChatUnreachable, ToolsUnsupported
from mcp_rag.reasoning.chat import Message, Reply, Tool, ToolCall, Window, estimated_tokens

Script = str | Reply | ToolCall | ChatError | Callable[[Sequence[Message]], str]
"""A text, a whole reply, a call of a tool, an error to raise, or a function of the messages."""


class ScriptedChat:
    """Replies with ``replies`` in turn, and keeps what it was asked in ``asked``."""

    def __init__(self, *replies: Script, window: Window | None = None, tools: bool = True) -> None:
        self._replies = list(replies)
        self._window = window or Window()
        self._tools = tools
        self.asked: list[tuple[Message, ...]] = []

    @property
    def name(self) -> str:
        return "scripted"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        self.asked.append(tuple(messages))
        if not self._replies:
            raise ChatUnreachable("The script has no reply left")
        said = self._replies.pop(0)
        if isinstance(said, ChatError):
            raise said
        if isinstance(said, ToolCall):
            said = Reply("", self.name, calls=(said,))
        if callable(said):
            said = said(messages)
        return said if isinstance(said, Reply) else Reply(said, self.name, _tokens(messages), estimated_tokens(said))

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        if tools and not self._tools:
            raise ToolsUnsupported(f"{self.name} takes no tools")
        reply = self.complete(messages, schema)
        yield from re.findall(r"\s*\S+\s*", reply.text)
        yield reply

    def window(self) -> Window:
        return self._window


def _tokens(messages: Sequence[Message]) -> int:
    return sum(estimated_tokens(message.content) for message in messages)
