"""Logs of a mill, made up line by line, and how probably something failed in them."""

from __future__ import annotations

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.outcome import chance

CRASH = [
    "Traceback (most recent call last):",
    '  File "/srv/mill.py", line 7, in grind',
    "    hopper.take()",
    "IndexError: hopper is empty",
]
STEPS = [f"sack {number} is ground" for number in range(12)]


def chance_of(*lines: str) -> float:
    return chance(survey(lines), lines)
