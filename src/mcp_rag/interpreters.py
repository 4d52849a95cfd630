"""Asking another Python interpreter: a script is run by it, and prints one JSON object."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from mcp_rag.errors import InputError

SECONDS_TO_ANSWER = 60
"""An interpreter that lists its packages for longer hangs. Chosen by eye."""

LIST_PACKAGES = """
import json, platform
from importlib import metadata
found = {}
for dist in metadata.distributions():  # of two with one name the first is the one that is imported
    found.setdefault(dist.metadata["Name"] or "", dist.version)
found.pop("", None)
versions = {**found, "python": platform.python_version()}
"""
"""Makes ``versions``, package → version with Python's own among them, and imports ``json`` and ``metadata``."""


def ask_python(python: str, script: str, *arguments: str, seconds: float = SECONDS_TO_ANSWER) -> dict[str, Any]:
    """The object that ``script`` prints under the interpreter at ``python``, which sees what it would see in the working
    directory.

    Raises:
        InputError: it cannot be run, is no Python, takes longer than ``seconds``, or prints something else.
    """
    try:
        told = subprocess.run(
            [python, "-c", script, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            check=True,
        )
        found = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as fault:
        raise InputError(f"{python} gives no answer", str(fault), "Name a Python interpreter") from fault
    if not isinstance(found, dict):
        raise InputError(f"{python} gives no answer", "what it prints is no object", "Name a Python interpreter")
    return found
