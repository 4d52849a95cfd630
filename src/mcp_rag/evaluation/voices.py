"""Ways to word a diagnosis: none, or a language model whose replies are overheard, so that they can be counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_rag.errors import ChatMalformed
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, Window
from mcp_rag.reasoning.grounding import ground
from mcp_rag.records import Diagnosis, Verdict

ALONE = "without a language model"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One diagnosis as a voice words it. ``figures`` are what its model said and took; ``seconds`` that wording it took."""

    diagnosis: Diagnosis
    seconds: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voice:
    """Its name, and what words a diagnosis that was made without a model."""

    name: str
    word: Callable[[Diagnosis], Spoken]


def alone() -> Voice:
    """Without a language model."""
    return Voice(ALONE, Spoken)


def spoken_by(name: str, chat: ChatModel, word_by: Callable[[Diagnosis, ChatModel], Diagnosis]) -> Voice:
    """``chat`` wording; ``word_by`` is how the assistant has a model word a diagnosis."""

    def word(plain: Diagnosis) -> Spoken:
        if plain.verdict is Verdict.CLEAN:
            return Spoken(plain)  # nothing is asked about a log in which nothing failed
        heard = Overheard(chat)
        begun = time.perf_counter()
        worded = word_by(plain, heard)
        return Spoken(worded, time.perf_counter() - begun, _figures(heard, plain, worded))

    return Voice(name, word)


def _figures(heard: Overheard, plain: Diagnosis, worded: Diagnosis) -> dict[str, float]:
    """What of the model's last reply stood, and the tokens of all."""
    replies = heard.replies
    figures = {
        "prompt tokens": float(sum(reply.prompt_tokens for reply in replies)),
        "answer tokens": float(sum(reply.completion_tokens for reply in replies)),
    }
    try:
        answer = ground(replies[-1].text, plain, heard.schema) if replies else None
    except ChatMalformed:
        answer = None
    figures["usable answer"] = float(answer is not None)
    if plain.verdict is Verdict.KNOWN:
        figures["known and worded"] = float(worded.worded_by is not None)
    if answer is not None:
        said = [one for one in (answer.cause, *answer.fix) if one.text]
        if said:
            figures["statements unsupported"] = sum(not one.supported for one in said) / len(said)
        figures["commands invented"] = float(answer.invented)
    return figures


class Overheard:
    """A chat model whose replies are kept in ``replies``, and the last ``schema`` by which it was asked."""

    def __init__(self, inner: ChatModel) -> None:
        self._inner = inner
        self.replies: list[Reply] = []
        self.schema: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        self.schema = schema
        reply = self._inner.complete(messages, schema)
        self.replies.append(reply)
        return reply

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        self.schema = schema
        for piece in self._inner.stream(messages, tools, schema):
            if isinstance(piece, Reply):
                self.replies.append(piece)
            yield piece

    def window(self) -> Window:
        return self._inner.window()
