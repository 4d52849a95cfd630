"""Rows of JSONL and CSV: an ``id`` and a ``text``, or the fields of a known issue."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_rag.knowledge.documents.document import stable_id
from mcp_rag.records import KnownIssue

TITLE_CHARACTERS = 120
"""What of a text stands for its missing title. Chosen by eye."""


def jsonl_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """An entry a line; ``id`` comes back verbatim."""
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            skipped["a line that is no JSON"] += 1
            continue
        yield from _entry(row, source, skipped)


def csv_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """An entry a row below the header; separated by commas, semicolons or tabs."""
    try:
        dialect: Any = csv.Sniffer().sniff(text.split("\n", 1)[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # one for all of the process: never lowered
    try:
        for row in csv.DictReader(io.StringIO(text, newline=""), dialect=dialect):
            values = {key.strip().lower(): value for key, value in row.items() if key and value}
            yield from _entry(values, source, skipped)
    except csv.Error as fault:
        skipped[f"a table that breaks off: {fault}"] += 1


def _entry(row: Any, source: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    if not isinstance(row, dict):
        skipped["a row that names no fields"] += 1
        return
    issue = issue_from_row(row, source)
    if issue is None:
        skipped["a row without text, title, cause or fix"] += 1
    else:
        yield issue


def issue_from_row(row: Mapping[str, Any], source: str) -> KnownIssue | None:
    """The known issue that a row's fields make; None when they say nothing."""
    text, title = _text(row.get("text")), _text(row.get("title"))
    cause, fix = _text(row.get("cause")), _text(row.get("fix") or row.get("solution"))
    if not (text or title or cause or fix):
        return None
    given = row.get("id")
    return KnownIssue(
        id=_text(given) if given not in (None, "") else stable_id(json.dumps(row, sort_keys=True, default=str)),
        source=source,
        title=title or _first_line(text or cause or fix),
        symptoms=_texts(row.get("symptoms")),
        cause=cause,
        fix=fix,
        commands=_texts(row.get("commands")),
        applies_to=_mapping(row.get("applies_to")),
        urls=_texts(row.get("urls") or row.get("source")),
        language=_text(row.get("language")),
        package=_text(row.get("package")),
        text=text,
    )


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:TITLE_CHARACTERS]


def _text(value: Any) -> str:
    return "" if value is None else str(value) if not isinstance(value, list | dict) else json.dumps(value)


def _texts(value: Any) -> tuple[str, ...]:
    """A list, or a text with an item a line."""
    if isinstance(value, list):
        return tuple(str(item) for item in value if str(item).strip())
    return tuple(line.strip() for line in _text(value).split("\n") if line.strip())


def _mapping(value: Any) -> dict[str, str]:
    """``{"numpy": ">=2"}``, or the same as a JSON text."""
    if isinstance(value, str) and value.strip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
