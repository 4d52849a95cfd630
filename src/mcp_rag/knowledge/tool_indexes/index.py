"""One tool's index, and how a tool is asked for it."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.records import KnownIssue

TOOL_PREFIX = "tool:"
"""Source of what a tool explains, with its name behind it."""

SECONDS_TO_ANSWER = 60
"""A tool that prints its help for longer hangs. Chosen by eye."""

_VERSION = re.compile(r"\d+(?:\.\d+)+")


class ToolAbsent(InputError):
    """The tool is not installed here, or carries no explanations."""


@dataclass(frozen=True, slots=True)
class ToolIndex:
    """What the tool ``name`` of ``version`` explains."""

    name: str
    version: str
    issues: tuple[KnownIssue, ...]


def entry(
    tool: str,
    version: str,
    code: str,
    title: str,
    *,
    symptoms: Sequence[str] = (),
    cause: str = "",
    fix: str = "",
    commands: Sequence[str] = (),
    urls: Sequence[str] = (),
    language: str = "",
    text: str = "",
) -> KnownIssue:
    """A known issue from a tool's index: of that tool, and of that version of it."""
    return KnownIssue(
        id=code,
        source=TOOL_PREFIX + tool,
        title=f"{code}: {title}" if not title.startswith(code) else title,
        symptoms=tuple(symptoms),
        cause=cause.strip(),
        fix=fix.strip(),
        commands=tuple(commands),
        applies_to={tool: f"=={version}"} if version else {},
        urls=tuple(urls),
        language=language,
        package=tool,
        text=text.strip(),
    )


def ask(*command: str) -> str:
    """What a command prints; it gets no input and no shell. One on the PATH goes before one beside this Python.

    Raises:
        ToolAbsent: the program is not there, fails or does not answer.
    """
    # A virtual environment's own tools are there for it, activated or not.
    program = shutil.which(command[0]) or shutil.which(command[0], path=str(Path(sys.executable).parent))
    if program is None:
        raise ToolAbsent(
            f"{command[0]} is not installed here",
            "it is neither on the PATH nor beside this Python",
            "Install it, or leave it out",
        )
    try:
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=SECONDS_TO_ANSWER,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise ToolAbsent(
            f"{' '.join(command[:3])} gives no answer", str(fault), "Call it yourself to see what is wrong"
        ) from fault
    return done.stdout


def version_of(*command: str) -> str:
    """The first version number that a command prints; empty when it names none."""
    found = _VERSION.search(ask(*command))
    return found.group() if found else ""


def shared_library(name: str) -> ctypes.CDLL:
    """The shared library of that name.

    Raises:
        ToolAbsent: the system has none.
    """
    place = ctypes.util.find_library(name)
    if place is None:
        raise ToolAbsent(f"lib{name} is not installed here", "the system knows no such library", "Leave it out")
    return ctypes.CDLL(place)


def first_paragraph(text: str) -> str:
    """The text up to its first empty line, on one line."""
    return " ".join(text.strip().split("\n\n", 1)[0].split())
