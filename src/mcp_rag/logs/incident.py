"""A failing span → the incident: what kind of failure it is, in which sentence, under which stable fingerprint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from weakref import WeakKeyDictionary

from mcp_rag.logs.framing import INNERMOST_LAST, frames_of, stable_name
from mcp_rag.logs.grammars import BY_KIND
from mcp_rag.logs.masking import mask
from mcp_rag.logs.naming import error_type_of, language_of, sentence_of, whole
from mcp_rag.logs.telling import sentence_key
from mcp_rag.logs.versions import seen_versions
from mcp_rag.records import Excerpt, Frame, Incident, Span

EXCERPT_LINES = 60
EXCERPT_CHARACTERS, KEY_CHARACTERS = 400, 1_000
"""A span is shown up to this many lines, each up to this many characters; the key line, which a known issue's symptom may
stand in the middle of, up to more. Chosen by eye."""

FINGERPRINT_FRAMES = 3
"""The innermost frames say where it broke; outer ones vary with how the program was started. Chosen by eye."""

FINGERPRINT_DIGITS = 16
"""64 bits: among a million incidents two collide with a probability of 3e-8."""


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


def describe(log: HasTexts, spans: Sequence[Span], redact: Callable[[str], str]) -> Incident:
    """The incident of the first, best, of ``spans``."""
    return describe_span(log, spans[0], redact)


def describe_span(log: HasTexts, span: Span, redact: Callable[[str], str]) -> Incident:
    """The incident that ``span`` shows. ``redact`` masks secrets in every text that the incident carries.

    Error type and message are those of the key line: in a chain of Python exceptions the last, which people see
    and search for, unless it refers to an earlier one; in a chain of Java's the last ``Caused by``.
    """
    lines = [redact(text) for text in log.texts[span.first - 1 : span.last]]
    key = lines[span.key - span.first]
    known = BY_KIND.get(span.kind)
    language = language_of(lines, known.language if known else None)
    message = sentence_of(whole(lines, span.key - span.first))
    error_type = error_type_of(key, span.kind)
    frames = frames_of(_own_trace(lines, span.key - span.first), language in INNERMOST_LAST)
    template = mask(message)
    family = language or (known.tool if known else None) or ""
    return Incident(
        fingerprint=_fingerprint(family, error_type, template, frames),
        span=span,
        message=message,
        template=template,
        error_type=error_type,
        language=language,
        tool=known.tool if known else None,
        frames=frames,
        versions=_redacted(_versions(log), redact),
        excerpt=_excerpt(lines, span),
        sentence=sentence_key(family, error_type, template),
    )


_TRACE = "Traceback (most recent call last)"


def _own_trace(lines: Sequence[str], key: int) -> Sequence[str]:
    """The lines of the one Python traceback that the key line ends; of anything else, all.

    A traceback that was printed twice is the same failure as one that was printed once.
    """
    heads = [place for place, text in enumerate(lines[: key + 1]) if _TRACE in text]
    return lines[heads[-1] : key + 1] if heads else lines


def moved(incident: Incident, by: int) -> Incident:
    """``incident``, found in a part of a log, with the line numbers of the whole, ``by`` lines further down."""
    span, excerpt = incident.span, tuple(replace(line, line=line.line + by) for line in incident.excerpt)
    placed = replace(span, first=span.first + by, last=span.last + by, key=span.key + by)
    return replace(incident, span=placed, excerpt=excerpt)


_SEEN: WeakKeyDictionary[HasTexts, Mapping[str, str]] = WeakKeyDictionary()
"""Versions of logs still held, as several spans of one log are described in turn."""


def _versions(log: HasTexts) -> Mapping[str, str]:
    if log not in _SEEN:
        _SEEN[log] = seen_versions(log)
    return _SEEN[log]


def _fingerprint(family: str, error_type: str | None, template: str, frames: Sequence[Frame]) -> str:
    """Sixteen hexadecimal digits over what does not change from run to run, machine to machine, version to version."""
    innermost = [mask(stable_name(frame)) for frame in frames[-FINGERPRINT_FRAMES:]]
    parts = (family, error_type or "", without_place(template), *innermost)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:FINGERPRINT_DIGITS]


def without_place(template: str) -> str:
    """A template without the place in the source where it struck: folders, line and column numbers."""
    plain = re.sub(r"(?:[\w.+@~-]+/)+([\w.+@~-]+\.\w+)", r"\1", template)
    return re.sub(r"(?<=\.\w)(\w*)[:(]<?(?:num|\d+)[^\s]*", r"\1", plain)


def _excerpt(lines: Sequence[str], span: Span) -> tuple[Excerpt, ...]:
    """The span's lines; of a long one the first, those around the key line, and the last."""
    numbers: Sequence[int] = range(span.first, span.last + 1)
    if len(numbers) > EXCERPT_LINES:
        third = EXCERPT_LINES // 3
        around = range(max(span.first, span.key - third // 2), min(span.last, span.key + third // 2 - 1) + 1)
        numbers = sorted({*numbers[:third], *around, *numbers[-third:]})
    return tuple(excerpt_of(number, lines[number - span.first], is_key=number == span.key) for number in numbers)


def excerpt_of(number: int, text: str, *, is_key: bool) -> Excerpt:
    """Line ``number``, as an incident keeps it."""
    return Excerpt(number, shorten(text, KEY_CHARACTERS if is_key else EXCERPT_CHARACTERS))


def shorten(text: str, most: int = EXCERPT_CHARACTERS) -> str:
    """``text``, cut in its middle when it has more than ``most`` characters."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def _redacted(versions: Mapping[str, str], redact: Callable[[str], str]) -> Mapping[str, str]:
    return {name: version for name, version in sorted(versions.items()) if redact(version) == version}
