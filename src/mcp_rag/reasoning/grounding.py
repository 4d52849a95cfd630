"""What a model said → what of it the evidence bears. Citations are checked, never believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_rag.errors import ChatMalformed
from mcp_rag.reasoning.prompting import matching
from mcp_rag.records import Diagnosis, Statement

_VERSION = re.compile(r"(?<![\w.])v?\d+(?:\.\d+)+\w*")
_CODE = re.compile(r"`([^`\n]{3,})`|^\s*\$ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer with every statement checked: unsupported ones say so, unknown commands are gone."""

    cause: Statement
    fix: tuple[Statement, ...]
    commands: tuple[str, ...]
    cannot_tell: str
    dropped: tuple[str, ...]


def parse(text: str) -> dict[str, Any]:
    """The JSON object in a model's reply, also inside a code fence or after thinking aloud.

    Raises:
        ChatMalformed: there is none, or it has not the shape that was asked for.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1]) if start >= 0 else None
    except json.JSONDecodeError as fault:
        raise ChatMalformed("The language model's answer is not JSON", str(fault)) from fault
    if not isinstance(value, dict) or not isinstance(value.get("cause"), dict):
        raise ChatMalformed("The language model's answer has not the shape that was asked for", text[:120])
    return value


def ground(reply: str, diagnosis: Diagnosis) -> Answer:
    """Check ``reply`` against the excerpt and the known issues that were given.

    A statement is supported when each line it cites was given, each issue it cites was given, it cites at least one
    of them, and every version and every piece of code in it occurs in the incident or in a cited issue.

    Raises:
        ChatMalformed: the reply is not the object that was asked for.
    """
    value = parse(reply)
    given = _Given.of(diagnosis)
    commands = [c for c in _texts(value.get("commands")) if c in given.commands]
    invented = [c for c in _texts(value.get("commands")) if c not in given.commands]
    steps = value.get("fix")
    return Answer(
        cause=given.check(value["cause"]),
        fix=tuple(given.check(step) for step in steps if isinstance(step, dict)) if isinstance(steps, list) else (),
        commands=tuple(dict.fromkeys(commands)),
        cannot_tell=str(value.get("cannot_tell") or ""),
        dropped=tuple(f"a command that no known issue gives: {c[:80]}" for c in invented),
    )


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class _Given:
    """What the model was given, as the checks need it."""

    lines: frozenset[int]
    keys: Mapping[str, str]
    commands: frozenset[str]
    words: str

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> _Given:
        incident, issues = diagnosis.incident, [e.issue for e in matching(diagnosis.evidence)]
        excerpt = incident.excerpt if incident else ()
        versions = incident.versions if incident else {}
        words = [e.text for e in excerpt] + [f"{name} {version}" for name, version in versions.items()]
        for issue in issues:
            words += [issue.title, issue.cause, issue.fix, issue.text, *issue.commands]
            words += [f"{name} {specifier}" for name, specifier in issue.applies_to.items()]
        keys = {name: issue.key for issue in issues for name in (issue.id, issue.key)}
        commands = frozenset(c for issue in issues for c in issue.commands)
        return cls(frozenset(e.line for e in excerpt), keys, commands, "\n".join(words))

    def check(self, said: Mapping[str, Any]) -> Statement:
        text = str(said.get("text") or "").strip()
        lines, issues = _whole_numbers(said.get("lines")), _texts(said.get("issues"))
        known_lines = tuple(n for n in dict.fromkeys(lines) if n in self.lines)
        known_issues = tuple(dict.fromkeys(self.keys[i] for i in issues if i in self.keys))
        complete = len(known_lines) == len(set(lines)) and all(i in self.keys for i in issues)
        supported = bool(text) and complete and bool(known_lines or known_issues) and self._bears(text)
        return Statement(text, known_lines, known_issues, supported)

    def _bears(self, text: str) -> bool:
        quoted = [code or command for code, command in _CODE.findall(text)]
        return all(piece.strip() in self.words for piece in [*_VERSION.findall(text), *quoted])


def _whole_numbers(value: object) -> Sequence[int]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
