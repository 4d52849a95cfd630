"""The seam to a chat model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, and what it cost in tokens (0 when the server does not say)."""

    text: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ChatModel(Protocol):
    """Messages in, one reply out; ``schema`` is a JSON schema that the reply must satisfy."""

    @property
    def name(self) -> str: ...

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Answer ``messages``.

        Raises:
            ChatUnreachable: no answer came in time.
            ChatMalformed: the answer is not usable.
        """
        ...
