"""Exports of other people's answers: Stack Exchange dumps and GitHub issues."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_rag.knowledge.documents.rows import TITLE_CHARACTERS, issue_from_row
from mcp_rag.records import KnownIssue

QUESTION, ANSWER = "1", "2"
"""``PostTypeId`` of a Stack Exchange dump (https://meta.stackexchange.com/q/2677)."""

MAINTAINERS = ("OWNER", "MEMBER", "COLLABORATOR")
"""Whose comment on a GitHub issue counts as its answer; others often ask or agree."""

_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Question:
    id: str
    title: str
    body: str
    tags: str


def stackexchange_entries(path: Path, source: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """An entry for each question whose asker accepted an answer; the dump is read row by row, of any size.

    Raises:
        ValueError: the file is no XML, or breaks off.
    """
    from xml.etree import ElementTree

    asked: dict[str, _Question] = {}
    try:
        rows = ElementTree.iterparse(path, events=("start", "end"))
        _, root = next(rows)
        for event, row in rows:
            if event == "end" and row.tag == "row":
                yield from _post(row.attrib, asked, source, skipped)
                root.clear()
    except ElementTree.ParseError as fault:
        raise ValueError(f"no XML: {fault}") from fault
    if asked:
        skipped["a question whose accepted answer is not in the dump"] += len(asked)


def _post(
    row: Mapping[str, str], asked: dict[str, _Question], source: str, skipped: Counter[str]
) -> Iterator[KnownIssue]:
    kind, number = row.get("PostTypeId"), row.get("Id", "")
    if kind == QUESTION and row.get("AcceptedAnswerId"):
        question = _Question(number, row.get("Title", ""), row.get("Body", ""), row.get("Tags", ""))
        asked[row["AcceptedAnswerId"]] = question
    elif kind == ANSWER and number in asked:
        yield _answered(asked.pop(number), row.get("Body", ""), source)
    elif kind == QUESTION:
        skipped["a question without an accepted answer"] += 1
    elif kind == ANSWER:
        skipped["an answer that was not accepted"] += 1
    else:
        skipped["a post that is neither question nor answer"] += 1


def _answered(question: _Question, answer: str, source: str) -> KnownIssue:
    tags = re.findall(r"[^<>|]+", question.tags)
    body = _text_of_html(question.body)
    return KnownIssue(
        id=question.id,
        source=source,
        title=question.title or body.split("\n", 1)[0][:TITLE_CHARACTERS],
        fix=_text_of_html(answer),
        package=tags[0] if tags else "",
        text="\n".join(filter(None, (body, " ".join(tags)))),
    )


def _text_of_html(html: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(html)
    return (page.body.text(deep=True, separator="") if page.body else "").strip()


def json_entries(text: str, source: str, name: str, skipped: Counter[str]) -> Iterator[KnownIssue]:
    """GitHub issues, as the REST API or ``gh issue list --json number,title,body,comments,url`` give them; or rows with
    the fields of a known issue, as in JSONL."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as fault:
        skipped[f"no JSON: {fault}"] += 1
        return
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict):
            skipped["a row that names no fields"] += 1
        elif "pull_request" in row:
            skipped["a pull request"] += 1
        elif issue := _github_issue(row, source) if "number" in row and "title" in row else issue_from_row(row, source):
            yield issue
        else:
            skipped["a row without text, title, cause or fix"] += 1


def _github_issue(row: Mapping[str, Any], source: str) -> KnownIssue:
    url = str(row.get("html_url") or row.get("url") or "")
    repository = re.search(r"github\.com/(?:repos/)?[^/]+/([^/]+)/", url)
    labels = [str(label.get("name", "") if isinstance(label, dict) else label) for label in row.get("labels") or []]
    body = _HTML_COMMENT.sub("", str(row.get("body") or "")).strip()
    return KnownIssue(
        id=str(row["number"]),
        source=source,
        title=str(row["title"]),
        fix=_maintainers_word(row.get("comments")),
        urls=(url,) if url else (),
        package=repository[1] if repository else "",
        text="\n".join(filter(None, (body, " ".join(labels)))),
    )


def _maintainers_word(comments: Any) -> str:
    """The last comment of a maintainer; the REST API gives a number of comments alone."""
    if not isinstance(comments, list):
        return ""
    said = [
        str(comment.get("body") or "")
        for comment in comments
        if isinstance(comment, dict)
        and (comment.get("authorAssociation") or comment.get("author_association")) in MAINTAINERS
    ]
    return _HTML_COMMENT.sub("", said[-1]).strip() if said else ""
