"""Plain text: one entry, or one a section when it is long."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from mcp_rag.knowledge.documents.document import stable_id
from mcp_rag.knowledge.documents.rows import TITLE_CHARACTERS
from mcp_rag.records import KnownIssue

SECTION_CHARACTERS = 4_000
"""A longer text is cut at its blank lines: an embedding sees about the first thousand characters. Chosen by eye."""


def text_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """The text's sections; each begins at a blank line and takes as many paragraphs as fit."""
    for section in _sections(text):
        title = section.split("\n", 1)[0][:TITLE_CHARACTERS]
        yield KnownIssue(id=f"{name}#{stable_id(section)}", source=source, title=title, text=section)


def _sections(text: str) -> Iterator[str]:
    section = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if section and len(section) + len(paragraph) > SECTION_CHARACTERS:
            yield section
            section = ""
        section = f"{section}\n\n{paragraph.strip()}".strip()
    if section:
        yield section
