"""A known issue's file: read, written back the same, and refused with the field that is wrong."""

from __future__ import annotations

from importlib import resources

import pytest

from mcp_rag.errors import InputError
from mcp_rag.knowledge.issue_file import parse_issue_file, render_issue_file
from mcp_rag.records import KnownIssue

FILE = """---
id: gate
title: The gate is shut
symptoms: ["flux gate {gate} is shut"]
applies_to: {flux: ">=2"}
urls: [https://example.org/gate]
---
Some words before.

## Cause
Gate {gate} was left shut.

## Fix
Open it.

## See also
The manual.
"""


def test_a_file_is_read() -> None:
    issue = parse_issue_file(FILE, "project:/x", "gate.md")
    assert (issue.key, issue.title, issue.cause, issue.fix) == (
        "project:/x/gate",
        "The gate is shut",
        "Gate {gate} was left shut.",
        "Open it.",
    )
    assert issue.text == "Some words before.\n\n## See also\nThe manual."
    assert dict(issue.applies_to) == {"flux": ">=2"}


def test_what_is_written_reads_back_the_same() -> None:
    issue = KnownIssue(
        id="a", source="s", title="T: 'quoted'", symptoms=("re:\\d+ {x}",), cause="C\n\nmore", fix="F",
        commands=("echo \"hi\"",), applies_to={"p": "<2"}, urls=("https://example.org",), language="python", package="p",
    )  # fmt: skip
    assert parse_issue_file(render_issue_file(issue), "s", "a.md") == issue


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "front matter"),
        ("---\n- a\n---\n", "names no fields"),
        ("---\n: [\n---\n", "YAML"),
        ("---\nid: x\n---\n", "title is missing"),
        ("---\ntitle: x\nsymptoms: text\n---\n", "symptoms is a list"),
        ("---\ntitle: x\nsymptoms: ['re:(']\n---\n", "symptoms"),
        ("---\ntitle: x\napplies_to: {p: about 2}\n---\n", "applies_to"),
        ("---\ntitle: x\nsymptom: [x]\n---\n", "no field symptom"),
    ],
)
def test_a_wrong_file_names_itself_and_the_field(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parse_issue_file(text, "s", "broken.md")
    assert "broken.md" in str(caught.value)


def test_every_shipped_file_is_a_known_issue_of_its_name_with_pattern_fix_and_source() -> None:
    folder = resources.files("mcp_rag.knowledge") / "starter"
    files = [file for file in folder.iterdir() if file.name.endswith(".md")]
    assert len(files) >= 60
    for file in files:
        issue = parse_issue_file(file.read_text(encoding="utf-8"), "starter", file.name)
        assert issue.id == file.name.removesuffix(".md")
        assert issue.symptoms and issue.cause and issue.fix, file.name
        assert issue.urls and all(url.startswith("https://") for url in issue.urls), file.name
