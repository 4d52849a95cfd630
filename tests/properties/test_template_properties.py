"""Remembering and compiling change no answer: of masks, of templates, of a batch."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.logs.templates import TemplateMiner
from mcp_rag.logs.templates.variables import Masker, masked, masked_all

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
        "aa:bb:cc:dd:ee:ff",
        "decafbad-dead-beef-cafe-decafbadface",
        "x1234567890123y",
        "ÿ",
        "\x00",
        "é",
        "٣",
        "<num>",
        "7",
        "7x",
        "ERROR",
        "\x01",
        '"',
        "/*",
        "⨯",
        "\n",
        "libmpg777-7_7.7",
        "\ud800",
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


@given(st.lists(LINES, max_size=20))
def test_texts_masked_together_are_masked_as_each_alone(texts: list[str]) -> None:
    assert masked_all(texts) == [masked(text) for text in texts]


WORDS = st.sampled_from(["alice", "bob", "carol", "dave", "eve", "u1", "10.0.0.7", "key=a", "key=b", "by"])
SAYINGS = st.lists(st.lists(WORDS, min_size=2, max_size=5).map(" ".join), max_size=60)
"""Lines of few words, so that many differ in one."""


compiled = pytest.mark.skipif(find_spec("numba") is None, reason="the fast extra is not installed")


def mined(lines: list[str], *, fast: bool, most: int = 100_000) -> list[tuple[str, int]]:
    miner = TemplateMiner(max_templates=most, fast=fast)
    given = [template.id for template in miner.add_all(lines)]
    assert len(given) == len(lines)
    return [(template.text, template.count) for template in miner.templates]


@compiled
@given(st.lists(LINES, max_size=30), st.integers(1, 12))
def test_compiled_mining_gives_what_python_gives(lines: list[str], most: int) -> None:
    assert mined(lines, fast=True, most=most) == mined(lines, fast=False, most=most)


@compiled
@given(SAYINGS)
def test_names_are_the_same_compiled_or_not(lines: list[str]) -> None:
    assert mined(lines, fast=True) == mined(lines, fast=False)


@given(SAYINGS)
def test_no_line_is_lost_among_names(lines: list[str]) -> None:
    miner = TemplateMiner()
    mined_ = list(miner.add_all(lines))
    wholes = miner.templates
    assert sum(template.count for template in wholes) == len(lines)
    assert {id(template.whole) for template in mined_} == {id(whole) for whole in wholes}
    assert len({template.tokens for template in wholes}) == len(wholes)
    assert all(template.whole.parameters(line) is not None for template, line in zip(mined_, lines, strict=True))


@compiled
def test_compiled_mining_gives_what_python_gives_for_real_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp_rag.logs.templates import fast, lexicon, plain

    logs = sorted((Path(__file__).parents[1] / "golden" / "logs").glob("*.log"))
    lines = [line for log in logs for line in log.read_text("utf-8", "replace").split("\n")]
    whole = mined(lines, fast=True)
    assert whole == mined(lines, fast=False)
    # With so little remembered that everything is forgotten many times.
    for module in (fast, plain):
        monkeypatch.setattr(module, "REMEMBERED_SHAPES", 500)
    monkeypatch.setattr(lexicon, "REMEMBERED_WORDS", 3_000)
    monkeypatch.setattr(fast, "LINES_AT_ONCE", 1_000)
    assert mined(lines, fast=True) == mined(lines, fast=False)


@compiled
@given(st.lists(LINES, max_size=12), st.lists(LINES, max_size=12))
def test_a_state_goes_on_alike_compiled_or_not(before: list[str], after: list[str]) -> None:
    told = []
    for first, second in ((True, False), (False, True), (False, False)):
        miner = TemplateMiner(fast=first)
        list(miner.add_all(before))
        further = TemplateMiner(fast=second)
        further.restore(miner.mined)
        list(further.add_all(after))
        told.append([(template.text, template.count) for template in further.templates])
    assert told[0] == told[1] == told[2]
