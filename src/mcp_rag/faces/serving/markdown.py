"""A diagnosis as Markdown, for a chat window or an alert.

What came out of a log is set in code, where no Markdown of its own takes effect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

LONGEST_LINE = 300
"""Of a quoted log line, in characters. Chosen by eye."""

NEAREST = 3
"""Entries named as near and not matching. Chosen by eye."""

_LABELS = {
    "en": {
        "failed": "Failed",
        "cause": "Cause",
        "fix": "Fix",
        "evidence": "Evidence",
        "nearest": "Nearest known issues, none of which matches",
        "unknown": "Nothing known matches this failure.",
        "clean": "Nothing failed in this log.",
        "line": "line",
        "sure": "sure",
        "incident": "Incident",
    },
    "zh": {
        "failed": "失败处",
        "cause": "原因",
        "fix": "解决",
        "evidence": "依据",
        "nearest": "最接近的已知问题（均不匹配）",
        "unknown": "没有已知问题与此失败匹配。",
        "clean": "此日志中没有失败。",
        "line": "第",
        "sure": "把握",
        "incident": "事件",
    },
}


def diagnosis_markdown(answer: dict[str, Any], language: str = "en") -> str:
    """``answer`` is a diagnosis as the served faces give it."""
    said = _LABELS.get(language, _LABELS["en"])
    if answer["verdict"] == "clean":
        return said["clean"]
    known = answer["verdict"] == "known"
    parts = [_headline(answer, said) if known else f"**{said['unknown']}**"]
    if quotes := _quotes(answer, said):
        parts.append(f"**{said['failed']}**\n\n{quotes}")
    if known:
        parts += [f"**{said[name]}**\n\n{answer[name]}" for name in ("cause", "fix") if answer[name]]
        if answer["commands"]:
            parts.append(fenced("\n".join(answer["commands"]), "sh"))
        parts.append(f"**{said['evidence']}**\n\n{_evidence(answer['evidence'][0])}")
    elif answer["evidence"]:
        parts.append(nearest_markdown(answer["evidence"], language))
    parts += [f"_{plain(note)}_" for note in answer["notes"]]
    if answer["incident"]:
        parts.append(f"{said['incident']} `{answer['incident']}`")
    return "\n\n".join(parts)


def nearest_markdown(evidence: Sequence[dict[str, Any]], language: str = "en") -> str:
    """Entries that are near and do not match, best first; empty when there is none."""
    named = "\n".join(f"- {_named(one)}" for one in evidence[:NEAREST])
    return f"**{_LABELS.get(language, _LABELS['en'])['nearest']}**\n\n{named}" if named else ""


def issue_markdown(issue: dict[str, Any]) -> str:
    """``issue`` is a known issue as the served faces give it."""
    parts = [f"**{plain(issue['title'])}**", issue["cause"], issue["fix"]]
    parts += [fenced("\n".join(issue["commands"]), "sh")] if issue["commands"] else []
    parts.append(" · ".join([inline(issue["key"]), *(f"<{url}>" for url in issue["urls"] if _is_link(url))]))
    return "\n\n".join(part for part in parts if part)


def inline(text: str) -> str:
    """``text`` as inline code, whatever backticks it holds."""
    flat = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def fenced(text: str, language: str = "") -> str:
    """``text`` as a block of code, whatever fences it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def plain(text: str) -> str:
    """``text`` on one line with what Markdown and HTML would take for their own made harmless."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _headline(answer: dict[str, Any], said: dict[str, str]) -> str:
    return f"**{plain(answer['evidence'][0]['title'])}** ({answer['confidence']:.0%} {said['sure']})"


def _quotes(answer: dict[str, Any], said: dict[str, str]) -> str:
    rows = [(one["line"], one["quote"]) for one in answer["citations"]]
    if not rows and answer["failure"]:
        rows = [(one["line"], one["text"]) for one in answer["failure"]["excerpt"][-3:]]
    return "\n".join(f"- {said['line']} {number}: {inline(text[:LONGEST_LINE])}" for number, text in rows)


def _evidence(evidence: dict[str, Any]) -> str:
    parts = [inline(f"{evidence['source']}/{evidence['id']}"), *(plain(reason) for reason in evidence["reasons"][:2])]
    if evidence["versions"]["reason"]:
        parts.append(plain(evidence["versions"]["reason"]))
    return " · ".join([*parts, *(f"<{url}>" for url in evidence["urls"][:2] if _is_link(url))])


def _named(evidence: dict[str, Any]) -> str:
    name = inline(f"{evidence['source']}/{evidence['id']}")
    return f"{name} {plain(evidence['title'])} ({evidence['confidence']:.0%})"


def _is_link(url: str) -> bool:
    return re.fullmatch(r"https?://[^\s<>]+", url) is not None
