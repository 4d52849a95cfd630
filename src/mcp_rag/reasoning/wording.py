"""Diagnosis → the same diagnosis in a model's words, where the evidence bears them.

The evidence decides the verdict, the known issue and the confidence; a model may only word the answer. What it says
beyond the evidence is dropped or marked, and the answer composed without it stays where nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp_rag.errors import ContextOverflow
from mcp_rag.reasoning.chat import ChatModel, Message, Reply
from mcp_rag.reasoning.grounding import Answer, ground, says_more
from mcp_rag.reasoning.prompting import write_prompt
from mcp_rag.reasoning.shaping import schema_for
from mcp_rag.records import Diagnosis, Statement, Verdict

NOTHING_BEARS_IT = "(no known issue bears this)"
"""Ends the note that tells what a model reads in the lines of an unknown failure."""

Hear = Callable[[str], None]
"""Hears the model's draft piece by piece, unchecked; first an empty piece, when the model is asked."""

ATTEMPTS = 3
"""Each after a refusal for length, with half of the room; a server that counts needs one. Chosen by eye."""


def word(diagnosis: Diagnosis, chat: ChatModel, hear: Hear | None = None) -> Diagnosis:
    """Ask ``chat`` to word ``diagnosis`` and keep what stands the check; with ``hear`` the answer is streamed to it.

    Raises:
        ChatUnreachable: the model's server did not answer.
        ContextOverflow: even the shortest prompt is too long for it.
        ChatMalformed: it answered, but not usably.
    """
    answer = _asked(diagnosis, chat, hear)
    notes = list(diagnosis.notes)
    if answer.invented:
        notes.append(f"Dropped from {chat.name}'s answer: {answer.invented} command(s) that no known issue gives")
    if diagnosis.verdict is Verdict.UNKNOWN:
        return _with_reading(diagnosis, answer, chat.name, notes)
    return _with_wording(diagnosis, answer, chat.name, notes)


def _asked(diagnosis: Diagnosis, chat: ChatModel, hear: Hear | None) -> Answer:
    """The model's answer; a prompt that turns out too long is written anew for less room."""
    window = chat.window()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            messages = write_prompt(diagnosis, window)
            schema = schema_for(messages, window)
            return ground(_replied(chat, messages, schema, hear).text, diagnosis, schema)
        except ContextOverflow:
            if attempt == ATTEMPTS:
                raise
            window = replace(window, tokens=window.tokens // 2)
    raise AssertionError


def _replied(chat: ChatModel, messages: Sequence[Message], schema: Mapping[str, Any], hear: Hear | None) -> Reply:
    if hear is None:
        return chat.complete(messages, schema)
    hear("")
    reply = Reply("", chat.name)
    for piece in chat.stream(messages, schema=schema):
        if isinstance(piece, Reply):
            reply = piece
        else:
            hear(piece)
    return reply


def _with_wording(diagnosis: Diagnosis, answer: Answer, name: str, notes: list[str]) -> Diagnosis:
    """The model's cause and steps, where they stand, before the known issue's own, never instead."""
    borne = [step for step in answer.fix if step.supported]
    kept = [step for step in borne if says_more(step.text, _shown(diagnosis))]
    lost = len(answer.fix) - len(borne) + (not answer.cause.supported)
    if lost:
        notes.append(f"{lost} statement(s) of {name} were not borne by the evidence and are left out")
    cause = _cause(diagnosis, answer.cause)
    worded = bool(kept) or cause is not diagnosis.cause
    if answer.cannot_tell and worded:
        notes.append(f"Left open, says {name}: {answer.cannot_tell}")
    return replace(
        diagnosis,
        cause=cause,
        fix=_fix(diagnosis.fix, kept),
        worded_by=name if worded else None,
        notes=tuple(notes),
    )


def _cause(diagnosis: Diagnosis, said: Statement) -> Statement | None:
    """What the model says of these lines, and the known issue's cause; that alone where the model repeats something."""
    known = diagnosis.cause
    if known is None or not said.supported or not says_more(said.text, _shown(diagnosis)):
        return known
    lines = tuple(dict.fromkeys((*said.lines, *known.lines)))
    return replace(known, text=_before(said.text, known.text), lines=lines)


def _fix(known: Statement | None, steps: list[Statement]) -> Statement | None:
    if known is None or not steps:
        return known
    lines = tuple(dict.fromkeys(n for step in steps for n in step.lines))
    return replace(known, text=_before(" ".join(_ended(step.text) for step in steps), known.text), lines=lines)


def _before(said: str, known: str) -> str:
    return f"{_ended(said)}\n\nFrom the known issue: {known}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."


def _shown(diagnosis: Diagnosis) -> list[str]:
    """What the answer shows anyhow: lines of the log, and what the known issue says of it."""
    incident, known = diagnosis.incident, diagnosis.cause
    lines = [incident.message, *(line.text for line in incident.excerpt)] if incident else []
    return [*lines, *([known.text] if known else []), *(one.issue.title for one in diagnosis.evidence if one.match)]


def _with_reading(diagnosis: Diagnosis, answer: Answer, name: str, notes: list[str]) -> Diagnosis:
    """Nothing known matches, and a model does not change that; what it reads in the lines is given as just that."""
    message = diagnosis.incident.message if diagnosis.incident else ""
    if answer.cause.supported and answer.cause.lines and says_more(answer.cause.text, [message]):
        cited = ", ".join(str(n) for n in answer.cause.lines)
        notes.append(f"{name} reads in lines {cited}: {answer.cause.text} {NOTHING_BEARS_IT}")
    return replace(diagnosis, notes=tuple(notes))
