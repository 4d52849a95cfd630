"""Linters and type checkers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

from mcp_rag.knowledge.tool_indexes.index import ToolAbsent, ToolIndex, ask, entry, version_of

_PYLINT = re.compile(
    r"^:(?P<name>[\w-]+) \((?P<code>[A-Z]\d{4})\): (?P<said>.*)\n(?P<text>(?:[ \t]+.*\n?|\n)*)", re.MULTILINE
)
_BRACED = re.compile(r"\{[^{}]*\}")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)

_MYPY_CODES = """
import json, mypy.errorcodes as codes, mypy.version
print(json.dumps([mypy.version.__version__, {code.code: code.description for code in codes.error_codes.values()}]))
"""


def ruff() -> ToolIndex:
    """``ruff rule --all``: every rule with its page."""
    version = version_of("ruff", "--version")
    rules = json.loads(ask("ruff", "rule", "--all", "--output-format", "json"))
    issues = []
    for rule in (rule for rule in rules if rule["code"]):
        sections = _sections(rule.get("explanation") or "")
        issues.append(
            entry(
                "ruff",
                version,
                rule["code"],
                rule["name"],
                symptoms=tuple(dict.fromkeys(_as_printed(rule["code"], said) for said in rule["message_formats"])),
                cause=" ".join(f"{sections.get('What it does', '')} {sections.get('Why is this bad?', '')}".split()),
                fix=sections.get("Use instead", "") or _or_silence(rule["code"]),
                commands=(f"ruff rule {rule['code']}",),
                urls=(f"https://docs.astral.sh/ruff/rules/{rule['name']}/",),
                language="python",
                text=rule.get("explanation") or "",
            )
        )
    return ToolIndex("ruff", version, tuple(issues))


def _or_silence(code: str) -> str:
    return f"Change the line, or say on it that it is meant: `# noqa: {code}`"


def _as_printed(code: str, said: str) -> str:
    """A rule's message as its lines have it: behind the code and, where it can be fixed, a star; what varies is open."""
    words = r".+".join(re.escape(part) for part in _BRACED.split(said))
    return rf"re:\b{code} (?:\[\*\] )?{words}"


def _sections(page: str) -> dict[str, str]:
    parts = _SECTION.split(page)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def pylint() -> ToolIndex:
    """``pylint --list-msgs``: every message with what it means."""
    version = version_of("pylint", "--version")
    issues = [
        entry(
            "pylint",
            version,
            found["code"],
            f"{found['name']}: {found['said'].strip('*')}",
            symptoms=(rf"re:\b{found['code']}: .+ \({re.escape(found['name'])}\)",),
            cause=" ".join(found["text"].split()),
            fix=f"Change the line, or say on it that it is meant: `# pylint: disable={found['name']}`",
            language="python",
        )
        for found in _PYLINT.finditer(ask("pylint", "--list-msgs"))
    ]
    return ToolIndex("pylint", version, tuple(issues))


def mypy() -> ToolIndex:
    """The error codes of the mypy beside this Python, or beside the one on the PATH."""
    version, codes = next(_mypy_codes(), ("", {}))
    if not codes:
        raise ToolAbsent(
            "mypy is not installed here", "neither this Python nor the one on the PATH has it", "Install it"
        )
    issues = [
        entry(
            "mypy",
            version,
            code,
            what,
            symptoms=(rf"re:: error: .+\s\[{re.escape(code)}\]",),
            cause=what,
            fix=f"Change the types so that they agree, or say on the line that it is meant: `# type: ignore[{code}]`",
            urls=(f"https://mypy.readthedocs.io/en/stable/_refs.html#code-{code}",),
            language="python",
        )
        for code, what in codes.items()
    ]
    return ToolIndex("mypy", version, tuple(issues))


def _mypy_codes() -> Iterator[tuple[str, dict[str, str]]]:
    for python in (sys.executable, "python3", "python"):
        try:
            version, codes = json.loads(ask(python, "-c", _MYPY_CODES))
        except ToolAbsent:
            continue
        yield version, codes


def shellcheck() -> ToolIndex:
    """ShellCheck's program has no explanations inside: they are pages of its wiki.

    Raises:
        ToolAbsent: always.
    """
    raise ToolAbsent(
        "shellcheck carries no explanations",
        "they are pages of its wiki, not of the program",
        "Learn a copy of the wiki",
    )
