"""Markdown and HTML: an entry a heading, and an entry a row of a table of issues and solutions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from mcp_rag.errors import InputError
from mcp_rag.knowledge.documents.document import stable_id
from mcp_rag.knowledge.documents.rows import TITLE_CHARACTERS
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.records import KnownIssue

_ISSUE_HEADS = re.compile(r"issue|problem|error|symptom|问题|错误|报错|故障", re.IGNORECASE)
_FIX_HEADS = re.compile(r"solution|fix|resolution|remedy|answer|workaround|解决|方案|修复|办法", re.IGNORECASE)


def markdown_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """A known issue's own file as one entry; otherwise an entry a heading, and a row of a table of solutions."""
    if re.match(r"\ufeff?---\r?\n", text) and "\nsymptoms:" in text:
        try:
            yield parse_issue_file(text, source, name)
        except InputError as fault:
            skipped[str(fault)] += 1
        return
    for title, level, lines in _markdown_sections(text):
        yield from _section_entries(title, level, lines, source, name, skipped)


def _markdown_sections(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """(heading, level, lines below it); headings inside code blocks are none."""
    from markdown_it import MarkdownIt

    lines = text.splitlines()
    tokens = MarkdownIt("commonmark").parse(text)
    heads = [
        (token.map[0], token.map[1], int(token.tag[1:]), tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.map and token.level == 0
    ]
    first = heads[0][0] if heads else len(lines)
    yield "", 0, lines[:first]
    for place, (_, end, level, title) in enumerate(heads):
        until = heads[place + 1][0] if place + 1 < len(heads) else len(lines)
        yield title, level, lines[end:until]


def _section_entries(
    title: str, level: int, lines: Sequence[str], source: str, name: str, skipped: Counter[str]
) -> Iterator[KnownIssue]:
    prose, tables = _without_tables(lines)
    for issue, solution in tables:
        yield KnownIssue(
            id=f"{name}#{stable_id(issue)}",
            source=source,
            title=_plain(issue)[:TITLE_CHARACTERS],
            symptoms=tuple(re.findall(r"`([^`]{12,})`", issue)),
            fix=solution,
            text=issue,
        )
    body = "\n".join(prose).strip()
    if body:
        head = _plain(title) or body.split("\n", 1)[0][:TITLE_CHARACTERS]
        yield KnownIssue(id=f"{name}#{stable_id(title + body)}", source=source, title=head, text=body)
    elif title and not tables:
        skipped["a heading with nothing below it"] += 1


def _without_tables(lines: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The lines outside tables of solutions, and those tables' rows."""
    prose: list[str] = []
    rows: list[tuple[str, str]] = []
    inside = False
    for place, line in enumerate(lines):
        cells = _cells(line)
        if inside and len(cells) >= 2:
            if not set("".join(cells)) <= set(":- "):
                rows.append((cells[0], " ".join(cell for cell in cells[1:] if cell)))
            continue
        inside = _is_table_head(cells, lines[place + 1] if place + 1 < len(lines) else "")
        if not inside:
            prose.append(line)
    return prose, rows


def _is_table_head(cells: Sequence[str], below: str) -> bool:
    ruled = bool(below.strip()) and set(below.strip()) <= set("|:- ")
    return ruled and len(cells) >= 2 and bool(_ISSUE_HEADS.search(cells[0]) and _FIX_HEADS.search(cells[1]))


def _cells(line: str) -> list[str]:
    """The cells of a table's row; a bar behind a backslash divides nothing."""
    stripped = line.strip()
    if "|" not in stripped:
        return []
    inner = stripped.removeprefix("|").removesuffix("|") if not stripped.endswith("\\|") else stripped.removeprefix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _plain(markdown: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[*_`#]+|\[([^\]]*)\]\([^)]*\)", r"\1", markdown)).strip()


def html_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """An entry a heading of the page, scripts and styles left out."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(text)
    for tag in ("script", "style", "nav", "noscript"):
        for node in page.css(tag):
            node.decompose()
    lines: list[str] = []
    for node in page.css("h1,h2,h3,h4,p,pre,li,td,th,title"):
        content = node.text(deep=True, separator=" ").strip()
        if content:
            lines.append(f"# {' '.join(content.split())}" if node.tag in ("h1", "h2", "h3", "h4", "title") else content)
            lines.append("")
    if not any(line and not line.startswith("# ") for line in lines):
        skipped["a page without text"] += 1
        return
    yield from markdown_entries("\n".join(lines), source, name, skipped)
