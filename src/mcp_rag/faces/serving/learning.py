"""Documents that were uploaded → knowledge, as a task of the server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.knowledge.documents import read_documents
from mcp_rag.librarian import Learned
from mcp_rag.wiring import House

UPLOADED = "uploaded:"
"""Source of the known issues of a document that was uploaded, with its name behind it."""

LONGEST_NAME = 200


def document_name(told: str | None) -> str:
    """The name of an uploaded file, without the folders that a browser may send.

    Raises:
        InputError: nothing is left of it.
    """
    name = (told or "").replace("\\", "/").rpartition("/")[2].strip()
    if not name.strip(".") or not name.isprintable() or len(name) > LONGEST_NAME:
        why = f"it is empty, not printable, or longer than {LONGEST_NAME} characters"
        raise InputError(
            f"A document cannot be called {name[:LONGEST_NAME]!r}", why, "Give it a name such as runbook.md"
        )
    return name


def learn_upload(house: House, name: str, data: bytes, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Take an uploaded document into the ledger, in the place of an earlier one of its name, and into the index.

    Done again, it changes nothing more.
    """
    learned, source = Learned(), f"{UPLOADED}{name}"
    with tempfile.TemporaryDirectory(prefix="mcp-rag-learn-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        for document in read_documents([path]):
            issues = [replace(issue, source=source) for issue in document.issues]
            done = house.ledger.issues.replace_document(source, document.name, document.digest, issues)
            learned.documents += 1
            learned.added += done.added
            learned.changed += done.changed
            learned.unchanged += done.unchanged
            learned.removed += done.removed
            learned.skipped.update(document.skipped)
            progress(0, 0)
    house.index.follow(progress)
    return {**asdict(learned), "skipped": dict(learned.skipped), "source": source}
