"""The language models that the settings name, each guarded and its use counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from mcp_rag.ledger import Ledger
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, Window
from mcp_rag.settings import Settings


def chat(settings: Settings, ledger: Ledger) -> ChatModel | None:
    """The model that words answers, where one is set."""
    if not settings.chat_base_url:
        return None
    return _served(settings.chat_base_url, settings.chat_model, settings.chat_api_key, settings, ledger)


def hard_chat(settings: Settings, ledger: Ledger) -> ChatModel | None:
    """The model for hard cases, where one is set."""
    url, model = settings.chat_hard_base_url, settings.chat_hard_model
    if not (url or (settings.chat_base_url and model)):
        return None
    key = settings.chat_hard_api_key or ("" if url else settings.chat_api_key)
    return _served(url or settings.chat_base_url, model, key, settings, ledger)


def chat_at(place: str, settings: Settings, ledger: Ledger) -> ChatModel:
    """The model at ``place``: a server's URL or ``embedded:FILE``, and behind a ``#`` the model's name.

    The key of the settings goes to the server that the settings name, and to no other.
    """
    url, _, model = place.partition("#")
    key = settings.chat_api_key if url == settings.chat_base_url else ""
    return _served(url, model, key, settings, ledger)


def _served(url: str, model: str, key: str, settings: Settings, ledger: Ledger) -> ChatModel:
    from mcp_rag.inference.embedded import ANSWER_TOKENS, PROMPT_CHARACTERS, SCHEME, EmbeddedServer
    from mcp_rag.reasoning.guarded_chat import GuardedChat
    from mcp_rag.reasoning.openai_chat import OpenAIChat

    seconds, tokens = settings.chat_timeout_seconds, settings.chat_context_tokens
    served: ChatModel
    if url.startswith(SCHEME):
        path = Path(url.removeprefix(SCHEME)).expanduser()
        name, server = model or path.stem, EmbeddedServer(path, tokens)

        def narrow(window: Window) -> Window:
            return replace(window, answer=ANSWER_TOKENS, characters=PROMPT_CHARACTERS)

        served = LateChat(name, lambda: OpenAIChat(server.base_url, name, "", seconds, tokens, narrow))
    else:
        served = OpenAIChat(url, model, key, seconds, tokens)
    return GuardedChat(served, settings.chat_concurrency, settings.chat_timeout_seconds, ledger.usage.record)


class LateChat:
    """A chat model whose server is started at its first use."""

    def __init__(self, name: str, start: Callable[[], ChatModel]) -> None:
        self._name, self._start = name, start
        self._started: ChatModel | None = None
        self._starting = Lock()

    def _chat(self) -> ChatModel:
        with self._starting:
            if self._started is None:
                self._started = self._start()
            return self._started

    @property
    def name(self) -> str:
        return self._name

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        return self._chat().complete(messages, schema)

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        return self._chat().stream(messages, tools, schema)

    def window(self) -> Window:
        return self._chat().window()
