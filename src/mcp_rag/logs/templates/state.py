"""A miner's state as a file: JSON with a version, readable, nothing in it that could run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.logs.templates.miner import TemplateMiner
from mcp_rag.logs.templates.template import Template, Token

FORMAT = "mcp-rag templates"
VERSION = 1


def save_miner(miner: TemplateMiner, path: Path) -> None:
    """Write the miner's templates to ``path``, wholly or not at all."""
    state = {
        "format": FORMAT,
        "version": VERSION,
        "similarity": miner.similarity,
        "max_templates": miner.max_templates,
        "templates": [{"count": t.count, "tokens": [list(token) for token in t.tokens]} for t in miner.templates],
    }
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(state, file, ensure_ascii=False)
    Path(file.name).replace(path)


def load_miner(path: Path) -> TemplateMiner:
    """Read what ``save_miner`` wrote.

    Raises:
        InputError: the file is not a miner's state, or of a later version.
    """
    try:
        state = _checked(json.loads(path.read_text(encoding="utf-8")))
        miner = TemplateMiner(float(state["similarity"]), int(state["max_templates"]))
        miner.restore(
            Template(tuple(Token(*map(str, token)) for token in row["tokens"]), int(row["count"]))
            for row in state["templates"]
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(
            f"{path} is no saved template state", str(fault) or type(fault).__name__, "Leave --state out to begin anew"
        ) from fault
    return miner


def _checked(state: dict[str, Any]) -> dict[str, Any]:
    if state["format"] != FORMAT or state["version"] > VERSION:
        raise ValueError(f"format {state['format']!r}, version {state['version']!r}")
    return state
