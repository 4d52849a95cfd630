"""The seam to a chat model."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

TOKENS_OF = {"digit": 1.4, "letter": 0.36, "mark": 0.58, "wide": 1.4}
"""Tokens of an ASCII digit, letter and other mark, white space apart, and of any other character, for a server that does
not count itself. Fitted to Qwen2.5's tokenizer on golden logs and shipped known issues, and raised for SmolLM2's, whose
vocabulary is a third: there it is too few for 1.6 % of logs and 8.9 % of issues, by 11 % at most, where three bytes a
token are for 64.5 and 31.0 % (``benchmarks/tokens.py``)."""

MAX_ANSWER_TOKENS = 800
"""A diagnosis in JSON has some 300. Chosen by eye."""

PROMPT_CHARACTERS = 12_000
"""Some 3,000 tokens: more lines than these say little more, also where more would fit. Chosen by eye."""

UNKNOWN_WINDOW = 4_096
"""Tokens that every server in use has at least: the smallest default, that of Ollama."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for; ``arguments`` is what it wrote, which should be a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: ``role`` is ``system``, ``user``, ``assistant`` or ``tool``.

    ``calls`` are those that an assistant's turn made; ``call_id`` is the one that a tool's turn answers.
    """

    role: str
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may ask for; ``parameters`` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, and what it cost in tokens (0 when the server does not say).

    ``cut_off`` says that the server stopped it at its greatest length.
    """

    text: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: tuple[ToolCall, ...] = ()
    cut_off: bool = False


def estimated_tokens(text: str) -> int:
    """Tokens of ``text``, rather too many than too few."""
    ascii_only = text.encode("ascii", "ignore")
    wide = len(text) - len(ascii_only)
    shown = ascii_only.translate(None, string.whitespace.encode())
    marks_and_letters = shown.translate(None, string.digits.encode())
    marks = marks_and_letters.translate(None, string.ascii_letters.encode())
    digits, letters = len(shown) - len(marks_and_letters), len(marks_and_letters) - len(marks)
    per = TOKENS_OF
    return math.ceil(digits * per["digit"] + letters * per["letter"] + len(marks) * per["mark"] + wide * per["wide"])


@dataclass(frozen=True, slots=True)
class Window:
    """How much fits: ``tokens`` of prompt and answer together, as ``count`` counts them.

    ``answer`` is the most tokens that an answer is given, ``characters`` the most of a prompt's data: a model that reads
    and writes slowly gets less of both. ``bounded``: the server takes a schema of its own for each question, with bounds
    on texts and lists, at no cost; a cloud refuses some such bounds, or compiles each new schema for seconds.
    """

    tokens: int = UNKNOWN_WINDOW
    count: Callable[[str], int] = estimated_tokens
    answer: int = MAX_ANSWER_TOKENS
    characters: int = PROMPT_CHARACTERS
    bounded: bool = False


def answer_tokens(window: Window) -> int:
    """How much of a window is kept for the answer."""
    return min(window.answer, window.tokens // 3)


class ChatModel(Protocol):
    """Messages in, one reply out; ``schema`` is a JSON schema that the reply must satisfy.

    Both ways of asking raise:
        ChatUnreachable: no answer came in time, or it broke off.
        ContextOverflow: the messages are longer than the model's context.
        ToolsUnsupported: this model or server takes no tools.
        ChatMalformed: the answer is not usable.
    """

    @property
    def name(self) -> str: ...

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Answer ``messages``."""
        ...

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        """The answer's text piece by piece as it is made, and last the whole reply."""
        ...

    def window(self) -> Window:
        """How much fits; asked of the server once. Never raises: what the server does not say is estimated."""
        ...
