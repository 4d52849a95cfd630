"""Changes in words: what differs, and, once the command passes again, what was done as a fix to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from mcp_rag.runs.changes import Change

VALUE_SHOWN = 120
"""Characters of a variable's value that are printed. Chosen by eye."""

MOST_IN_A_FIX = 12
"""Changes that one fix names; what differs in more is no fix that a person could repeat. Chosen by eye."""


def describe(change: Change) -> str:
    """One line: what it was, what it is, where."""
    match change.kind:
        case "package":
            said = f"{change.name} {_from_to(change.before, change.after)}"
        case "python":
            said = f"the Python that it uses {_from_to(change.before, change.after)}"
        case "variable":
            said = f"{change.name} {_from_to(_quoted(change.before), _quoted(change.after))}"
        case "lock":
            said = f"{change.name} {_came_or_went(change)}"
        case "commit":
            said = f"commit {_from_to(change.before, change.after)}"
        case "file":
            said = f"{change.name} changed"
    where = f" ({change.detail})" if change.detail else ""
    return f"{said}{where}"


def as_fix(changes: Sequence[Change], python: str) -> str:
    """What turned a failing run into a passing one, in the imperative; empty when nothing did.

    The commit itself is left out where files say what it changed.
    """
    telling = [c for c in changes if c.kind != "commit"] or list(changes)
    steps = [_step(change, python) for change in telling[:MOST_IN_A_FIX]]
    more = len(telling) - len(steps)
    return "; ".join(steps) + (f"; and {more} more changes" if more > 0 else "") + ("." if steps else "")


def _step(change: Change, python: str) -> str:
    where = (
        f" in {PurePath(python).parent.parent.name or 'the environment'}"
        if python and "installed" in change.detail
        else ""
    )
    match change.kind:
        case "package" if change.after is None:
            return f"Remove {change.name} {change.before}{where}"
        case "package" if change.before is None:
            return f"Install {change.name} {change.after}{where}"
        case "package":
            return f"Install {change.name} {change.after} in place of {change.before}{where}"
        case "variable" if change.after is None:
            return f"Unset {change.name} (was {_quoted(change.before)})"
        case "variable":
            return f"Set {change.name} to {_quoted(change.after)}" + (
                f" (was {_quoted(change.before)})" if change.before is not None else ""
            )
        case "python":
            return f"Run it with {change.after} in place of {change.before}"
        case "commit":
            return f"Go to commit {change.after}" + (f" ({change.detail})" if change.detail else "")
        case _:
            return f"Change {change.name}" + (f" ({change.detail})" if change.detail else "")


def _from_to(before: str | None, after: str | None) -> str:
    if before is None:
        return f"{after} is new"
    if after is None:
        return f"{before} is gone"
    return f"{before} → {after}"


def _quoted(value: str | None) -> str | None:
    if value is None:
        return None
    return f"“{value}”" if len(value) <= VALUE_SHOWN else f"“{value[:VALUE_SHOWN]}…”"


def _came_or_went(change: Change) -> str:
    return "is new" if change.before is None else "is gone" if change.after is None else "changed"
