"""Labelled logs: ``gold.jsonl`` beside the logs that it names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError

GOLD = "gold.jsonl"
KINDS = ("known", "project", "clean")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One log and what is right for it.

    ``kind``: *known* (the public knows this failure), *project* (only its own project can), *clean* (nothing failed).
    ``key_lines`` are those of which one names the cause; ``cause`` and ``fix`` are expressions that a right answer
    holds. ``borderline`` logs count for the lines alone.
    """

    file: str
    path: Path
    kind: str
    key_lines: frozenset[int] = frozenset()
    cause: re.Pattern[str] | None = None
    fix: re.Pattern[str] | None = None
    borderline: bool = False


def read_labelled(folder: Path) -> list[Labelled]:
    """The rows of ``gold.jsonl``: ``file``, ``kind``, ``key`` (a line), ``also`` (pairs of lines), ``accept``,
    ``fix_accept``, ``borderline``.

    Raises:
        InputError: there is none, or a row of it is wrong; the row is named.
    """
    gold = folder / GOLD
    try:
        lines = gold.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(
            f"{gold} cannot be read", str(fault), f"Name a folder that holds {GOLD} and its logs"
        ) from fault
    labelled = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            labelled.append(_labelled(folder, json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as fault:
            why = f"it has no {fault}" if isinstance(fault, KeyError) else str(fault)
            raise InputError(f"Line {number} of {gold} cannot be used", why, "Compare it with tests/golden") from fault
    if not labelled:
        raise InputError(f"{gold} is empty", "it has no row", "Label a log")
    return labelled


def sampled(rows: Sequence[Labelled], number: int) -> list[Labelled]:
    """``number`` of ``rows``, of each kind its share (largest remainders): those whose names' SHA-256 are least, in that
    order, so that what is done when somebody interrupts is a sample too.

    It is the same from call to call, and a log that is added later moves at most one other out.
    """
    number = min(number, len(rows))
    kinds = sorted({row.kind for row in rows})
    exact = {kind: number * sum(row.kind == kind for row in rows) / len(rows) for kind in kinds}
    shares = {kind: int(exact[kind]) for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: shares[kind] - exact[kind])[: number - sum(shares.values())]:
        shares[kind] += 1
    taken = {
        row.file
        for kind in kinds
        for row in sorted((row for row in rows if row.kind == kind), key=_draw)[: shares[kind]]
    }
    return sorted((row for row in rows if row.file in taken), key=_draw)


def _draw(row: Labelled) -> str:
    return hashlib.sha256(row.file.encode()).hexdigest()


def _labelled(folder: Path, row: Mapping[str, Any]) -> Labelled:
    kind, path = row["kind"], folder / row["file"]
    if kind not in KINDS:
        raise ValueError(f"its kind is one of {', '.join(KINDS)}, not {kind!r}")
    if not path.is_file():
        raise ValueError(f"there is no log {path}")
    keys = {line for first, last in row.get("also") or [] for line in range(first, last + 1)}
    return Labelled(
        row["file"],
        path,
        kind,
        frozenset(keys if kind == "clean" else keys | {int(row["key"])}),
        re.compile(row["accept"]) if row.get("accept") else None,
        re.compile(row["fix_accept"]) if kind == "known" else None,
        bool(row.get("borderline")),
    )
