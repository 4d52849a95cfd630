"""Paths → documents, one at a time, in a stable order."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.knowledge.documents.document import Document
from mcp_rag.knowledge.documents.exports import json_entries, stackexchange_entries
from mcp_rag.knowledge.documents.markup import html_entries, markdown_entries
from mcp_rag.knowledge.documents.rows import csv_entries, jsonl_entries
from mcp_rag.knowledge.documents.text import text_entries
from mcp_rag.records import KnownIssue

LARGEST_DOCUMENT_BYTES = 2_000_000_000
LARGEST_ENTRY_CHARACTERS = 10_000_000

LARGEST_RATIO, RATIO_FLOOR_BYTES = 100, 1_000_000
"""Bytes unpacked for each packed one at most; below the floor any ratio will do. As logs are read by default."""

ENTRIES_PER_PART = 5_000
"""A dump is taken in parts of so many entries, each learned at once: an interrupted call goes on behind the last. By
eye."""

Entries = Callable[[str, str, str, Counter[str]], Iterator[KnownIssue]]
"""(text, source, document name, what was left out) → entries."""

_BY_SUFFIX: dict[str, Entries] = {
    ".md": markdown_entries,
    ".markdown": markdown_entries,
    ".jsonl": jsonl_entries,
    ".ndjson": jsonl_entries,
    ".json": json_entries,
    ".csv": csv_entries,
    ".tsv": csv_entries,
    ".html": html_entries,
    ".htm": html_entries,
    ".txt": text_entries,
    ".rst": text_entries,
    ".log": text_entries,
    "": text_entries,
}

_UNPACKERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def read_documents(paths: Sequence[Path]) -> Iterator[Document]:
    """Each document under ``paths``: a folder's files in order, hidden ones left out.

    Raises:
        InputError: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file or folder {path}", "", "Check the path")
        if path.is_dir():
            root = path.resolve()
            for file in _files(root):
                yield from _read_any(file, f"dir:{root}", str(file.relative_to(root)))
        else:
            file = path.resolve()
            yield from _read_any(file, f"file:{file}", file.name)


def _files(root: Path) -> Iterator[Path]:
    """The files below ``root``; links to folders are not followed, so that none is walked twice or for ever."""
    for path in sorted(root.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.is_file():
            yield path


def _read_any(path: Path, source: str, name: str) -> Iterator[Document]:
    if path.suffix.lower() == ".xml":
        yield from _read_dump(path, source, name)
    else:
        yield _read(path, source, name)


def _read_dump(path: Path, source: str, name: str) -> Iterator[Document]:
    """A Stack Exchange dump's parts; what was left out of it is told with the last."""
    skipped: Counter[str] = Counter()
    entries = _distinct(stackexchange_entries(path, source, skipped), skipped)
    number = 0
    while True:
        number += 1
        issues: tuple[KnownIssue, ...] = ()
        try:
            issues = tuple(islice(entries, ENTRIES_PER_PART))
        except (OSError, ValueError) as fault:
            skipped[f"unreadable: {fault}"] += 1
        last = len(issues) < ENTRIES_PER_PART
        if issues or number == 1:
            digest = hashlib.sha256(repr(issues).encode("utf-8", "replace")).hexdigest() if issues else ""
            yield Document(source, f"{name}#{number}", digest, issues, skipped if last else Counter())
        elif last:
            yield Document(source, f"{name}#{number}", "", skipped=skipped)
        if last:
            return


def _read(path: Path, source: str, name: str) -> Document:
    skipped: Counter[str] = Counter()
    try:
        data = _content(path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as fault:
        why = getattr(fault, "strerror", None) or str(fault)
        return Document(source, name, "", skipped=Counter({f"unreadable: {why}": 1}))
    suffixes = path.suffixes[-2:] if path.suffix.lower() in _UNPACKERS else path.suffixes[-1:]
    entries = _BY_SUFFIX.get(suffixes[0].lower() if suffixes else "")
    reason = _unusable(data, entries)
    if data is None or entries is None or reason:
        return Document(source, name, "", skipped=Counter({reason: 1}))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        skipped["bytes that are no UTF-8, replaced"] += 1
    issues = tuple(_distinct(entries(text, source, name, skipped), skipped))
    return Document(source, name, hashlib.sha256(data).hexdigest(), issues, skipped)


def _content(path: Path) -> bytes | None:
    """A file's bytes, unpacked; None when there are too many."""
    size = path.stat().st_size
    unpack = _UNPACKERS.get(path.suffix.lower())
    if unpack is None:
        return path.read_bytes() if size <= LARGEST_DOCUMENT_BYTES else None
    most = min(LARGEST_DOCUMENT_BYTES, max(RATIO_FLOOR_BYTES, size * LARGEST_RATIO))
    with unpack(path) as file:
        data: bytes = file.read(most + 1)
    return data if len(data) <= most else None


def _unusable(data: bytes | None, entries: Entries | None) -> str:
    if data is None:
        return f"larger than {LARGEST_DOCUMENT_BYTES} bytes, or {LARGEST_RATIO} times its packed size"
    if entries is None:
        return "of a kind that is not read"
    if not data.strip():
        return "empty"
    return "binary" if b"\0" in data[:8192] else ""


def _distinct(issues: Iterator[KnownIssue], skipped: Counter[str]) -> Iterator[KnownIssue]:
    seen: set[str] = set()
    for issue in issues:
        if issue.id in seen:
            skipped["a second entry of the same id"] += 1
        elif len(issue.text) + len(issue.cause) + len(issue.fix) > LARGEST_ENTRY_CHARACTERS:
            skipped[f"an entry of more than {LARGEST_ENTRY_CHARACTERS} characters"] += 1
        else:
            seen.add(issue.id)
            yield issue
