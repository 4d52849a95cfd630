"""Documents that were uploaded → knowledge, as a task of the server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.knowledge.documents import Document, read_documents
from mcp_rag.librarian import take_in
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
    source = f"{UPLOADED}{name}"
    with tempfile.TemporaryDirectory(prefix="mcp-rag-learn-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        documents = (_as_of(source, document) for document in read_documents([path]))
        learned = take_in(house.ledger, documents, lambda _: progress(0, 0))
    house.index.follow(progress)
    return {**asdict(learned), "skipped": dict(learned.skipped), "source": source}


def _as_of(source: str, document: Document) -> Document:
    issues = tuple(replace(issue, source=source) for issue in document.issues)
    return replace(document, source=source, issues=issues)
