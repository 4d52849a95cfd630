"""Diagnosis → the same diagnosis in a model's words, where the evidence bears them.

The evidence decides the verdict, the known issue and the confidence; a model may only word the answer. What it says
beyond the evidence is dropped or marked, and the answer composed without it stays where nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mcp_rag.errors import ContextOverflow
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Window
from mcp_rag.reasoning.grounding import Answer, ground
from mcp_rag.reasoning.prompting import SCHEMA, write_prompt
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
    answer = ground(_asked(diagnosis, chat, hear).text, diagnosis)
    notes = list(diagnosis.notes)
    if answer.invented:
        notes.append(f"Dropped from {chat.name}'s answer: {answer.invented} command(s) that no known issue gives")
    if diagnosis.verdict is Verdict.UNKNOWN:
        return _with_reading(diagnosis, answer, chat.name, notes)
    return _with_wording(diagnosis, answer, chat.name, notes)


def _asked(diagnosis: Diagnosis, chat: ChatModel, hear: Hear | None) -> Reply:
    """The model's reply; a prompt that turns out too long is written anew for less room."""
    window = chat.window()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _replied(chat, write_prompt(diagnosis, window), hear)
        except ContextOverflow:
            if attempt == ATTEMPTS:
                raise
            window = Window(window.tokens // 2, window.count)
    raise AssertionError


def _replied(chat: ChatModel, messages: Sequence[Message], hear: Hear | None) -> Reply:
    if hear is None:
        return chat.complete(messages, SCHEMA)
    hear("")
    reply = Reply("", chat.name)
    for piece in chat.stream(messages, schema=SCHEMA):
        if isinstance(piece, Reply):
            reply = piece
        else:
            hear(piece)
    return reply


def _with_wording(diagnosis: Diagnosis, answer: Answer, name: str, notes: list[str]) -> Diagnosis:
    """The cause in the model's words if they stand; its steps before the known issue's own fix, never instead."""
    kept = [step for step in answer.fix if step.supported]
    lost = len(answer.fix) - len(kept) + (not answer.cause.supported)
    if lost:
        notes.append(f"{lost} statement(s) of {name} were not borne by the evidence and are left out")
    if answer.cannot_tell and (answer.cause.supported or kept):
        notes.append(f"Left open, says {name}: {answer.cannot_tell}")
    return replace(
        diagnosis,
        cause=answer.cause if answer.cause.supported else diagnosis.cause,
        fix=_fix(diagnosis.fix, kept),
        worded_by=name if answer.cause.supported or kept else None,
        notes=tuple(notes),
    )


def _fix(known: Statement | None, steps: list[Statement]) -> Statement | None:
    if known is None or not steps:
        return known
    worded = " ".join(step.text if step.text.endswith((".", "!", "?", "。")) else f"{step.text}." for step in steps)
    lines = tuple(dict.fromkeys(n for step in steps for n in step.lines))
    return replace(known, text=f"{worded}\n\nFrom the known issue: {known.text}", lines=lines)


def _with_reading(diagnosis: Diagnosis, answer: Answer, name: str, notes: list[str]) -> Diagnosis:
    """Nothing known matches, and a model does not change that; what it reads in the lines is given as just that."""
    if answer.cause.supported and answer.cause.lines:
        cited = ", ".join(str(n) for n in answer.cause.lines)
        notes.append(f"{name} reads in lines {cited}: {answer.cause.text} {NOTHING_BEARS_IT}")
    return replace(diagnosis, notes=tuple(notes))
