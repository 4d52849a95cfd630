"""The exit code of the run that wrote a log, where somebody knows it: it stands below the log, as a CI runner writes it.

Whether a log is of a failure at all is the hardest question of a diagnosis, and the exit code answers it.
"""

from __future__ import annotations

import re

from mcp_rag.logs.storage import FileBytes, Stored

LEAST, MOST = -(2**31), 2**32 - 1
"""Exit codes of any system: Windows has 32 bits, signed or not."""

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")

SIGNALS = 64
"""Signals of Linux (signal(7)); Python's subprocess gives the one that ended a process as a negative exit code."""


def exit_code_in(text: str) -> int:
    """The exit code that a person wrote.

    Raises:
        ValueError: it is no whole number, or none of 32 bits.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    code = int(text)
    if not LEAST <= code <= MOST:
        raise ValueError(f"{code} has more than 32 bits")
    return code


def last_line(exited: int) -> bytes:
    """The line that tells how a run ended."""
    return f"Process completed with exit code {as_a_shell_has_it(exited)}.\n".encode()


def with_exit_code(data: Stored, exited: int) -> Stored:
    """``data`` with a last line that tells how its run ended."""
    line = last_line(exited)
    if len(data) and not data.endswith(b"\n"):
        line = b"\n" + line
    return data + line if isinstance(data, bytes) else FileBytes(data, len(data), line)


def note_of(exited: int) -> str:
    """What a reader is told of the line that the log itself does not hold."""
    return f"exit code {as_a_shell_has_it(exited)}, as told, put below it"


def as_a_shell_has_it(exited: int) -> int:
    """The same code as 0 or more: ``-9``, ended by signal 9, is 137; other negative ones are Windows' without a sign."""
    if exited >= 0:
        return exited
    return 128 - exited if -exited <= SIGNALS else exited + 2**32
