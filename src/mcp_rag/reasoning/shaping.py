"""The shape of a model's answer, as a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_rag.reasoning.chat import Message, Window, answer_tokens


def _object(**properties: Any) -> dict[str, Any]:
    names = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _texts(**bounds: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, **bounds}


_STATEMENT = _object(
    text={"type": "string"},
    lines={"type": "array", "items": {"type": "integer"}},
    issues=_texts(),
)

SCHEMA: dict[str, Any] = _object(
    cause=_STATEMENT,
    fix={"type": "array", "items": _STATEMENT},
    commands=_texts(),
    cannot_tell={"type": "string"},
)
"""JSON schema of the answer, for servers with structured output and for the check of all others."""

CHARACTERS_A_TOKEN = 2.5
"""Of an answer's texts, its frame of JSON aside. A token of English is some four; a loop of code has fewer."""

STEP_CHARACTERS = 240
CITATIONS = 3
"""Of a bounded answer: a step's greatest length, and how many lines and issues a statement cites. Chosen by eye."""


def schema_for(messages: Sequence[Message], window: Window) -> dict[str, Any]:
    """The schema of the answer to a prompt of ``prompting.write_prompt``.

    Where the server takes bounds, nothing can be cited or commanded in it but what the prompt gives, and its texts and
    lists end before ``window``'s answer does: a small model that repeats itself is stopped by the shape, not in its midst.
    """
    if not window.bounded:
        return SCHEMA
    data = json.loads(messages[-1].content)
    lines = [row["line"] for row in data["incident"]["lines"]]
    issues = data["known_issues"]
    room = int(answer_tokens(window) * CHARACTERS_A_TOKEN)

    def statement(characters: int, some_lines: Sequence[int]) -> dict[str, Any]:
        return _object(
            text={"type": "string", "maxLength": characters},
            lines=_some(some_lines, "integer"),
            issues=_some([issue["id"] for issue in issues], "string"),
        )

    steps = max(1, room // 2 // STEP_CHARACTERS) if issues else 0
    commands = list(dict.fromkeys(command for issue in issues for command in issue["commands"]))
    return _object(
        cause=statement(room // 4, lines),
        fix={"type": "array", "items": statement(STEP_CHARACTERS, lines), "maxItems": steps},
        commands=_some(commands, "string"),
        cannot_tell={"type": "string", "maxLength": room // 8},
    )


def _some(given: Sequence[Any], kind: str) -> Mapping[str, Any]:
    """A list of some of ``given``; an empty one where there are none."""
    items = {"type": kind, "enum": list(dict.fromkeys(given))} if given else {"type": kind}
    return {"type": "array", "items": items, "maxItems": min(CITATIONS, len(given))}
