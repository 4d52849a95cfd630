"""Records to plain JSON objects and back, the same for storage, export and every face.

Reading is strict about types and lenient about what is absent: a missing field takes the record's default,
an unknown one is ignored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.records import NO_VALUES, Excerpt, Frame, Incident, KnownIssue, Span, Standing

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL refuses in texts, and lone surrogates, which UTF-8 cannot say."""

_GREATEST = 2**31 - 1
"""What an INTEGER of PostgreSQL holds."""

_ISSUE_TEXTS = ("cause", "fix", "language", "package", "text")
_ISSUE_LISTS = ("symptoms", "commands", "urls")


def storable(text: str) -> str:
    """``text`` with what no database takes replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """``value``, made of what :mod:`json` writes, with every text in it storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): storable_json(item) for name, item in value.items()}
    return [storable_json(item) for item in value] if isinstance(value, list) else value


def is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def issue_to_json(issue: KnownIssue) -> dict[str, Any]:
    """Every field of ``issue``, with its ``key``, as values that :mod:`json` writes."""
    return {
        "key": issue.key,
        "id": issue.id,
        "source": issue.source,
        "title": issue.title,
        **{name: list(getattr(issue, name)) for name in _ISSUE_LISTS},
        **{name: getattr(issue, name) for name in _ISSUE_TEXTS},
        "applies_to": dict(issue.applies_to),
        "standing": {"helped": issue.standing.helped, "failed": issue.standing.failed},
    }


def issue_from_json(value: Mapping[str, Any]) -> KnownIssue:
    """The known issue that ``value`` describes; ``id``, ``source`` and ``title`` are needed.

    Raises:
        InputError: a field is missing or of another type; the field is named.
    """
    standing = _mapping(value, "standing")
    return KnownIssue(
        id=_text(value, "id", needed=True),
        source=_text(value, "source", needed=True),
        title=_text(value, "title", needed=True),
        symptoms=_texts(value, "symptoms"),
        cause=_text(value, "cause"),
        fix=_text(value, "fix"),
        commands=_texts(value, "commands"),
        applies_to=_text_mapping(value, "applies_to"),
        urls=_texts(value, "urls"),
        language=_text(value, "language"),
        package=_text(value, "package"),
        text=_text(value, "text"),
        standing=Standing(_whole(standing, "helped") or 0, _whole(standing, "failed") or 0),
    )


def content_digest(issue: KnownIssue) -> str:
    """SHA-256 over everything but the standing: what makes an issue another one to the index."""
    content = issue_to_json(issue)
    del content["standing"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def span_to_json(span: Span) -> dict[str, Any]:
    return {
        "first": span.first,
        "last": span.last,
        "score": span.score,
        "reason": span.reason,
        "kind": span.kind,
        "key": span.key,
    }


def span_from_json(value: Mapping[str, Any]) -> Span:
    first, last, score = (value.get(name) for name in ("first", "last", "score"))
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(score, int | float):
        raise InputError("A span cannot be read", "it needs the numbers first, last and score")
    try:
        kind = _text(value, "kind") or "generic-error"
        return Span(first, last, float(score), _text(value, "reason"), kind, _whole(value, "key") or 0)
    except ValueError as fault:
        raise InputError("A span cannot be read", str(fault)) from fault


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """Every field of ``incident`` as values that :mod:`json` writes."""
    return {
        "fingerprint": incident.fingerprint,
        "span": span_to_json(incident.span),
        "message": incident.message,
        "template": incident.template,
        "error_type": incident.error_type,
        "language": incident.language,
        "tool": incident.tool,
        "frames": [{"file": f.file, "line": f.line, "function": f.function} for f in incident.frames],
        "versions": dict(incident.versions),
        "excerpt": [{"line": e.line, "text": e.text} for e in incident.excerpt],
        "sentence": incident.sentence,
    }


def incident_from_json(value: Mapping[str, Any]) -> Incident:
    """The incident that ``value`` describes.

    Raises:
        InputError: a field is missing or of another type; the field is named.
    """
    return Incident(
        fingerprint=_text(value, "fingerprint", needed=True),
        span=span_from_json(_mapping(value, "span")),
        message=_text(value, "message"),
        template=_text(value, "template"),
        error_type=_text(value, "error_type") or None,
        language=_text(value, "language") or None,
        tool=_text(value, "tool") or None,
        frames=tuple(
            Frame(_text(f, "file", needed=True), _whole(f, "line"), _text(f, "function") or None)
            for f in _objects(value, "frames")
        ),
        versions=_text_mapping(value, "versions"),
        excerpt=tuple(Excerpt(_whole(e, "line") or 0, _text(e, "text")) for e in _objects(value, "excerpt")),
        sentence=_text(value, "sentence"),
    )


def _wrong(name: str, wanted: str) -> InputError:
    return InputError("A record cannot be read", f"its field {name!r} is not {wanted}")


def _text(value: Mapping[str, Any], name: str, needed: bool = False) -> str:
    text = value.get(name)
    if text is None and not needed:
        return ""
    if not isinstance(text, str) or (needed and not text):
        raise _wrong(name, "a text")
    return text


def _texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = value.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _wrong(name, "a list of texts")
    return tuple(texts)


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    objects = value.get(name) or []
    if not isinstance(objects, list) or not all(isinstance(item, Mapping) for item in objects):
        raise _wrong(name, "a list of objects")
    return objects


def _mapping(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    mapping = value.get(name) or {}
    if not isinstance(mapping, Mapping):
        raise _wrong(name, "an object")
    return mapping


def _text_mapping(value: Mapping[str, Any], name: str) -> Mapping[str, str]:
    mapping = _mapping(value, name)
    if not all(isinstance(item, str) for item in mapping.values()):
        raise _wrong(name, "an object of texts")
    return MappingProxyType(dict(mapping)) if mapping else NO_VALUES


def _whole(value: Mapping[str, Any], name: str) -> int | None:
    number = value.get(name)
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _GREATEST:
        raise _wrong(name, "a whole number")
    return number
