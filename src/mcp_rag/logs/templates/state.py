"""A miner's state as a file: JSON with a version, readable, nothing in it that could run."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.logs.log import Log
from mcp_rag.logs.templates.miner import TemplateMiner
from mcp_rag.logs.templates.template import Template, Token

FORMAT = "mcp-rag templates"
VERSION = 2
"""1 knew no marks."""

WITNESS_BYTES = 4096
"""So much of a file's beginning, and of what stands before a mark, tells that it is the file that was mined."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log was mined: lines, bytes once unpacked, and a digest of its head and of what stands before them."""

    lines: int
    bytes: int
    digest: str


def mark_of(log: Log) -> Mark:
    """The mark of a log that was mined to its end."""
    return Mark(len(log), len(log.data), _witness(log, len(log.data)))


def lines_done(log: Log, mark: Mark | None) -> int:
    """How many lines of ``log`` were mined before: those of its mark, or none where it is another file by now.

    A last line that was still being written counts as it stood then.
    """
    if mark is None or len(log.data) < mark.bytes or _witness(log, mark.bytes) != mark.digest:
        return 0
    return mark.lines


def _witness(log: Log, end: int) -> str:
    data = log.data[: min(WITNESS_BYTES, end)] + log.data[max(0, end - WITNESS_BYTES) : end]
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def save_miner(miner: TemplateMiner, path: Path, marks: Mapping[str, Mark] | None = None) -> None:
    """Write the miner's templates to ``path``, and by their names how far files were mined; wholly or not at all."""
    state = {
        "format": FORMAT,
        "version": VERSION,
        "similarity": miner.similarity,
        "max_templates": miner.max_templates,
        "files": {name: asdict(mark) for name, mark in (marks or {}).items()},
        "templates": [{"count": t.own_count, "tokens": [list(token) for token in t.own_tokens]} for t in miner.mined],
    }
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(state, file, ensure_ascii=False)
    Path(file.name).replace(path)


def load_miner(path: Path) -> TemplateMiner:
    """Read what ``save_miner`` wrote.

    Raises:
        InputError: the file is not a miner's state, or of a later version.
    """
    return load_state(path)[0]


def load_state(path: Path) -> tuple[TemplateMiner, dict[str, Mark]]:
    """``load_miner``, with how far files were mined."""
    try:
        state = _checked(json.loads(path.read_text(encoding="utf-8")))
        miner = TemplateMiner(float(state["similarity"]), int(state["max_templates"]))
        miner.restore(
            Template(tuple(Token(*map(str, token)) for token in row["tokens"]), int(row["count"]))
            for row in state["templates"]
        )
        marks = {
            name: Mark(int(mark["lines"]), int(mark["bytes"]), str(mark["digest"]))
            for name, mark in state.get("files", {}).items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(
            f"{path} is no saved template state", str(fault) or type(fault).__name__, "Leave --state out to begin anew"
        ) from fault
    return miner, marks


def _checked(state: dict[str, Any]) -> dict[str, Any]:
    if state["format"] != FORMAT or state["version"] > VERSION:
        raise ValueError(f"format {state['format']!r}, version {state['version']!r}")
    return state
