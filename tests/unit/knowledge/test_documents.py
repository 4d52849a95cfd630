"""Documents of every kind become entries; what cannot be used is counted."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import pytest

from mcp_rag.errors import InputError
from mcp_rag.knowledge.documents import Document, read_documents


def read(folder: Path, name: str, content: str | bytes) -> Document:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = read_documents([folder / name])
    return document


def test_markdown_gives_an_entry_a_heading_and_headings_in_code_are_none(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "intro\n\n# One\nfirst\n```sh\n# not a heading\n```\n## Two\nsecond\n# Empty\n")
    assert [(issue.title, issue.text.split("\n")[0]) for issue in document.issues] == [
        ("intro", "intro"),
        ("One", "first"),
        ("Two", "second"),
    ]
    assert sum(document.skipped.values()) == 1


@pytest.mark.parametrize("head", ["| Issue | Solution |", "| 问题 | 解决方案 |", "| Error message | Fix | Notes |"])
def test_a_table_of_solutions_gives_an_entry_a_row(tmp_path: Path, head: str) -> None:
    table = f"{head}\n|---|---|\n| `disk quota exceeded` on scratch | Clean \\| archive it |\n| login slow | Wait |\n"
    issues = read(tmp_path, "t.md", f"# Known\n\n{table}\nafter\n").issues
    assert [(i.title, i.fix, i.symptoms) for i in issues[:2]] == [
        ("disk quota exceeded on scratch", "Clean | archive it", ("disk quota exceeded",)),
        ("login slow", "Wait", ()),
    ]
    assert issues[2].text == "after"


def test_a_known_issues_own_file_is_one_entry(tmp_path: Path) -> None:
    text = "---\nid: x\ntitle: T\nsymptoms: [some symptom here]\n---\n## Cause\nC\n\n## Fix\nF\n"
    (issue,) = read(tmp_path, "x.md", text).issues
    assert (issue.id, issue.cause, issue.fix) == ("x", "C", "F")


def test_rows_keep_their_ids_and_bad_ones_are_counted(tmp_path: Path) -> None:
    rows = '{"id": "A/1", "text": "one"}\n\n{"id": 7, "title": "t", "fix": "f", "applies_to": {"p": "<2"}}\n'
    rows += '{broken\n[1]\n{"id": "A/1", "text": "again"}\n{"id": "e"}\n{"text": "no id"}\n'
    document = read(tmp_path, "k.jsonl", rows)
    assert [issue.id for issue in document.issues[:2]] == ["A/1", "7"]
    assert len(document.issues) == 3
    assert sum(document.skipped.values()) == 4


@pytest.mark.parametrize("packing", [gzip, bz2, lzma], ids=["gz", "bz2", "xz"])
def test_packed_rows_are_read(tmp_path: Path, packing: Any) -> None:
    suffix = {"gzip": "gz", "bz2": "bz2", "lzma": "xz"}[packing.__name__]
    document = read(tmp_path, f"k.jsonl.{suffix}", packing.compress(b'{"id": "a", "text": "one"}\n'))
    assert [issue.id for issue in document.issues] == ["a"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("k.jsonl.gz", gzip.compress(b"x" * 100)[:-4], "unreadable"),
        ("k.jsonl.gz", b"no gzip at all", "unreadable"),
        ("k.jsonl.xz", b"no xz at all", "unreadable"),
        ("bomb.txt.gz", gzip.compress(bytes(5_000_000)), "times its packed size"),
        ("k.tar.gz", gzip.compress(b"x"), "of a kind"),
        ("k.gz", gzip.compress(b"x"), "of a kind"),
    ],
    ids=["cut", "no gzip", "no xz", "bomb", "tar", "no kind"],
)
def test_what_cannot_be_unpacked_is_told(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    document = read(tmp_path, name, data)
    assert not document.issues
    assert why in " ".join(document.skipped)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_are_read_by_their_header(tmp_path: Path, separator: str) -> None:
    lines = ["Id,Title,Fix,Symptoms", 'r1,Disk full,"Clean, then retry","no space left here"']
    text = "\n".join(lines).replace(",", separator).replace(f"Clean{separator} then", "Clean, then")
    (issue,) = read(tmp_path, "k.csv", text).issues
    assert (issue.id, issue.title, issue.fix, issue.symptoms) == (
        "r1", "Disk full", "Clean, then retry", ("no space left here",),
    )  # fmt: skip


def test_pages_are_read_without_their_scripts(tmp_path: Path) -> None:
    page = "<title>x</title><script>alert(1)</script><h1>Disk full</h1><p>Remove old files.</p>"
    issues = read(tmp_path, "p.html", page).issues
    assert [(i.title, i.text) for i in issues] == [("Disk full", "Remove old files.")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("e.md", b"  \n", "empty"),
        ("b.txt", b"\x7fELF\0\0", "binary"),
        ("p.png", b"x", "kind"),
        ("l.txt", b"caf\xe9 closed", "no UTF-8"),
    ],
)
def test_odd_input_is_counted_by_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert any(reason in key for key in read(tmp_path, name, content).skipped)


def test_a_folder_is_read_in_order_without_hidden_files_and_link_loops(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b" / "c" / "d.txt").write_text("two")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.txt").write_text("hidden")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    assert [document.name for document in read_documents([tmp_path])] == ["a.txt", "b/c/d.txt"]


def test_two_files_of_one_name_are_two_sources(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "k.jsonl").write_text(f'{{"id": "1", "text": "{folder}"}}')
    first, second = read_documents([tmp_path / "x" / "k.jsonl", tmp_path / "y" / "k.jsonl"])
    assert first.issues[0].key != second.issues[0].key


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent"):
        list(read_documents([tmp_path / "absent"]))


POSTS = """<?xml version="1.0" encoding="utf-8"?>
<posts>
  <row Id="1" PostTypeId="1" AcceptedAnswerId="3" Title="Disk is full"
    Body="&lt;p&gt;ENOSPC &amp;amp; more&lt;/p&gt;" Tags="&lt;linux&gt;&lt;disk&gt;" />
  <row Id="2" PostTypeId="1" Title="Nobody knows" Body="x" />
  <row Id="3" PostTypeId="2" ParentId="1" Body="&lt;pre&gt;&lt;code&gt;df -h&lt;/code&gt;&lt;/pre&gt;" />
  <row Id="4" PostTypeId="2" ParentId="1" Body="another" />
  <row Id="5" PostTypeId="1" AcceptedAnswerId="99" Title="Lost" Body="x" />
  <row Id="6" PostTypeId="4" Body="a tag's wiki" />
</posts>
"""


def test_a_stack_exchange_dump_gives_its_accepted_answers(tmp_path: Path) -> None:
    document = read(tmp_path, "Posts.xml", POSTS)
    (issue,) = document.issues
    assert (issue.id, issue.title, issue.fix, issue.package) == ("1", "Disk is full", "df -h", "linux")
    assert issue.text == "ENOSPC & more\nlinux disk"
    assert sum(document.skipped.values()) == 4


def test_a_dump_is_taken_in_parts_and_keeps_what_came_before_its_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_rag.knowledge.documents.reading.ENTRIES_PER_PART", 2)
    rows = "".join(
        f'<row Id="{n}" PostTypeId="1" AcceptedAnswerId="{n + 1}" Title="t{n}" Body="b" />'
        f'<row Id="{n + 1}" PostTypeId="2" Body="a{n}" />'
        for n in range(1, 11, 2)
    )
    (tmp_path / "Posts.xml").write_text(f"<posts>{rows}</posts>")
    parts = list(read_documents([tmp_path / "Posts.xml"]))
    assert [[issue.title for issue in part.issues] for part in parts] == [["t1", "t3"], ["t5", "t7"], ["t9"]]
    assert len({part.digest for part in parts}) == len({part.name for part in parts}) == 3
    (tmp_path / "Posts.xml").write_text(f"<posts>{rows}<row")
    broken = list(read_documents([tmp_path / "Posts.xml"]))
    assert [part.digest for part in broken[:2]] == [part.digest for part in parts[:2]]
    assert any("no XML" in reason for reason in broken[-1].skipped)


def test_github_issues_are_read_with_a_maintainers_word(tmp_path: Path) -> None:
    rows = """[
      {"number": 7, "title": "Crash", "body": "<!-- template -->it crashes", "url": "https://github.com/o/tool/issues/7",
       "labels": [{"name": "bug"}],
       "comments": [{"authorAssociation": "MEMBER", "body": "Upgrade to 2."}, {"authorAssociation": "NONE", "body": "+1"}]},
      {"number": 8, "title": "From REST", "body": null, "html_url": "https://github.com/o/tool/issues/8", "comments": 3},
      {"number": 9, "title": "A change", "pull_request": {}},
      {"id": "own", "title": "t", "fix": "f"},
      3, {"id": "nothing"}
    ]"""
    document = read(tmp_path, "issues.json", rows)
    first, second, third = document.issues
    assert (first.id, first.title, first.fix, first.package) == ("7", "Crash", "Upgrade to 2.", "tool")
    assert first.text == "it crashes\nbug"
    assert (second.title, second.fix, second.urls) == ("From REST", "", ("https://github.com/o/tool/issues/8",))
    assert third.id == "own"
    assert sum(document.skipped.values()) == 3
    assert read(tmp_path, "broken.json", "[").skipped
