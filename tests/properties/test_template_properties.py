"""Remembering changes no answer: of masks, of templates, of a batch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.logs.templates import TemplateMiner
from mcp_rag.logs.templates.variables import Masker, masked

PIECES = st.sampled_from(
    [
        "2026-11-24",
        "12:30:59",
        "12:30:59,123",
        "T",
        "Z",
        " ",
        " ",
        " ",
        "\t",
        "0x1f",
        "10x7",
        "deadbeef",
        "0a1b2c3d",
        "10",
        "3.5",
        "MB",
        "kB",
        "ms",
        "seconds",
        "127.0.0.1:80",
        "/usr/lib/x86",
        "C:\\a\\b",
        "https://a.b/c?d=1",
        "x",
        "foo",
        "=",
        ":",
        ",",
        "(",
        "]",
        "-",
        "user1",
        "E0382",
        "started",
        "stopped",
        "key=",
        "550e8400-e29b-41d4-a716-446655440000",
        "00:1A:2b:3c:4d:5e",
        "\x00",
        "é",
        "٣",
        "<num>",
        "7",
        "7x",
        "ERROR",
    ]
)
LINES = st.lists(PIECES, max_size=14).map("".join)


@given(st.lists(LINES, max_size=12))
def test_a_masker_gives_what_masking_gives(lines: list[str]) -> None:
    masker = Masker(remembered=8)
    assert [masker.mask(line) for line in lines] == [masked(line) for line in lines]


@given(LINES)
def test_masking_twice_changes_nothing_more(line: str) -> None:
    assert masked(masked(line)) == masked(line)


@given(st.lists(LINES, max_size=20))
def test_a_batch_gives_what_line_by_line_gives(lines: list[str]) -> None:
    one, many = TemplateMiner(), TemplateMiner()
    assert [one.add(line).text for line in lines][-1:] == [template.text for template in many.add_all(lines)][-1:]
    assert [(t.text, t.count) for t in one.templates] == [(t.text, t.count) for t in many.templates]
    assert sum(t.count for t in many.templates) == len(lines)
