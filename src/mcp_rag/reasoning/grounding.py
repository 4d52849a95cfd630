"""What a model said → what of it the evidence bears. Citations are checked, never believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mcp_rag.errors import ChatMalformed
from mcp_rag.reasoning.bearing import Given, Part, telling_words
from mcp_rag.reasoning.hostile import plain
from mcp_rag.records import Diagnosis, Statement, Verdict

LEFT_OPEN_CHARACTERS = 300
"""Of what a model says that it could not tell. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer with every statement checked: unsupported ones say so, ``invented`` commands are gone."""

    cause: Statement
    fix: tuple[Statement, ...]
    commands: tuple[str, ...]
    cannot_tell: str
    invented: int


def parse(text: str) -> dict[str, Any]:
    """The JSON object in a model's reply, also inside a code fence, after thinking aloud, or broken off.

    Raises:
        ChatMalformed: there is none, or it has not the shape that was asked for.
    """
    value = first_object(text)
    if not isinstance(value.get("cause"), dict):
        raise ChatMalformed("The language model's answer has not the shape that was asked for", text[:120])
    return value


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in a reply, whatever stands around it.

    Raises:
        ChatMalformed: there is none.
    """
    start = text.find("{")
    if start < 0:
        raise ChatMalformed("The language model's answer is not JSON", text[:120])
    value = _decoded(text[start:])
    if not isinstance(value, dict):
        raise ChatMalformed("The language model's answer is no object", text[:120])
    return value


def _decoded(text: str) -> Any:
    """The first JSON value of ``text``, whatever follows; one that breaks off is closed where it broke."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as fault:
        try:
            return json.loads(_closed(text))
        except json.JSONDecodeError:
            raise ChatMalformed("The language model's answer is not JSON", str(fault)) from fault


def _closed(text: str) -> str:
    """``text`` with the string, the lists and the objects closed that are open at its end."""
    ends: list[str] = []
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            ends.append("}" if character == "{" else "]")
        elif character in "}]" and ends:
            ends.pop()
    body = (text[:-1] if escaped else text) + ('"' if quoted else "")
    return body.rstrip().rstrip(",") + "".join(reversed(ends))


_UNFINISHED = (*",;:，；：、([{-–—", "...", "…")
_FINISHED = (*".!?。！？`'\")»”",)


_QUOTED_AS_GNU_DOES = re.compile(r"`[^`'\n]*'")


def is_whole(text: str, longest: int | None = None) -> bool:
    """Whether a statement ends where it ended, and was not cut off: at ``longest`` characters, or inside a list, a bracket
    or a piece of code. A small model that repeats itself ends so."""
    text = text.rstrip()
    if longest is not None and len(text) >= longest and not text.endswith(_FINISHED):
        return False
    code_ends = any(one.count("`") % 2 == 0 for one in (text, _QUOTED_AS_GNU_DOES.sub("", text)))
    return code_ends and not text.endswith(_UNFINISHED) and text.count("(") <= text.count(")")


def says_more(text: str, than: Sequence[str]) -> bool:
    """Whether no one of the texts ``than`` holds all its telling words."""
    said = telling_words(text)
    return bool(said) and not any(said <= telling_words(one) for one in than)


def ground(reply: str, diagnosis: Diagnosis, schema: Mapping[str, Any] | None = None) -> Answer:
    """Check ``reply`` against the excerpt and the known issues that were given.

    A statement is supported when each line and each issue that it cites was given, these say what it says, and every
    version, command and name in it occurs in them; a step of a fix needs a known issue. Commands are those of known
    issues alone. See ``bearing.py``.

    Raises:
        ChatMalformed: the reply is not the object that was asked for.
    """
    value = parse(reply)
    given = Given.of(diagnosis)
    cause = Part.CAUSE if diagnosis.verdict is Verdict.KNOWN else Part.READING
    said = [plain(command) for command in _texts(value.get("commands"))]
    steps = value.get("fix")
    bounds = _Bounds.of(schema)
    reason = _checked(value["cause"], given, cause, bounds.cause)
    fix = [_checked(step, given, Part.FIX, bounds.step) for step in _objects(steps)]
    told = [*_told(diagnosis), *(one.text for one in (reason, *fix))]
    return Answer(
        cause=reason,
        fix=tuple(fix),
        commands=tuple(dict.fromkeys(command for command in said if command in given.commands)),
        cannot_tell=_left_open(value.get("cannot_tell"), given, told, bounds.cannot_tell),
        invented=sum(command not in given.commands for command in said),
    )


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The greatest lengths of texts, in characters, by the schema that was asked by."""

    cause: int | None = None
    step: int | None = None
    cannot_tell: int | None = None

    @classmethod
    def of(cls, schema: Mapping[str, Any] | None) -> _Bounds:
        if schema is None:
            return cls()
        parts = schema["properties"]
        cause, step = parts["cause"]["properties"], parts["fix"]["items"]["properties"]
        return cls(*(one.get("maxLength") for one in (cause["text"], step["text"], parts["cannot_tell"])))


def _checked(said: Mapping[str, Any], given: Given, part: Part, longest: int | None) -> Statement:
    text = str(said.get("text") or "")
    checked = given.check(text, _whole_numbers(said.get("lines")), _texts(said.get("issues")), part)
    # A reading may quote a line that ends in a colon.
    whole = longest is None or len(text) < longest if part is Part.READING else is_whole(text, longest)
    return checked if whole else replace(checked, supported=False)


def _told(diagnosis: Diagnosis) -> list[str]:
    """What the answer says without a model."""
    told = [diagnosis.incident.message] if diagnosis.incident else []
    told += [one.text for one in (diagnosis.cause, diagnosis.fix) if one]
    return told + [one.issue.title for one in diagnosis.evidence if one.match]


def _left_open(said: object, given: Given, told: Sequence[str], longest: int | None) -> str:
    """What a model says that it could not tell; nothing where that is told."""
    text = plain(said).strip() if isinstance(said, str) else ""
    whole = is_whole(text, longest) and says_more(text, told)
    return text[:LEFT_OPEN_CHARACTERS] if whole and given.holds(text) and not given.strange(text) else ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _whole_numbers(value: object) -> Sequence[int]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
