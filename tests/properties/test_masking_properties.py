"""Masking twice is masking once; spans lie inside the log, whatever it holds; a log in memory and the same one in a file, a
few lines at a time, have the same."""

from __future__ import annotations

import io
from contextlib import ExitStack
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.incident import describe_span
from mcp_rag.logs.log import Log
from mcp_rag.logs.masking import mask
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import StreamSource
from mcp_rag.logs.storage import FileBytes

WORDS = st.sampled_from(
    [
        "/a/b.c:3",
        "0xff",
        "10.0.0.1:80",
        "<num>",
        "'x 1'",
        '"',
        "'",
        "<",
        ">",
        "12",
        "-1.5e3",
        "C:\\x\\y",
        "2026-11-24",
        "a@b.co",
    ]
)
LINES = st.sampled_from(
    [
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in f',
        "ValueError: 1",
        "main.c:1:2: error: no",
        "error: failed",
        "  at f (a.js:1:2)",
        "Error: x",
        "--- FAIL: T (0.00s)",
        "FAIL",
        "make: *** [x] Error 2",
        "exited with 1",
        "",
        "  x",
        "____ test ____",
        "E   AssertionError",
        "panic: x",
        "goroutine 1 [running]:",
        "BUILD SUCCESS",
        "İ error: İ",
    ]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=8).map(" ".join))
def test_masking_is_idempotent(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=40), st.integers(1, 60))
def test_spans_lie_inside_the_log(lines: list[str], budget: int) -> None:
    log = Log("x", "\n".join(lines).encode("utf-8", "replace"))
    seen: set[int] = set()
    for span in find_failures(log, budget):
        own = set(range(span.first, span.last + 1))
        assert 1 <= span.first <= span.key <= span.last <= len(log)
        assert not own & seen
        seen |= own
        assert describe_span(log, span, lambda text: text).excerpt
    assert len(seen) <= budget


SMALL = {
    "storage": ("IN_MEMORY_BYTES", "PIECE_BYTES"),
    "log": ("IN_MEMORY_BYTES", "SMALL_BYTES", "BLOCK_BYTES", "GROUP_BYTES"),
    "reading": ("IN_MEMORY_BYTES", "CHUNK_BYTES"),
}


@given(st.lists(LINES, min_size=2, max_size=80), st.integers(1, 60), st.integers(8, 200))
def test_a_streamed_log_gives_what_a_held_one_gives(lines: list[str], budget: int, size: int) -> None:
    data = ("\n".join(lines) + "\nmade\n").encode()
    held = find_failures(Log("x", data), budget)
    with ExitStack() as patched:
        for module, names in SMALL.items():
            patched.enter_context(
                patch.multiple(f"mcp_rag.logs.{module}", **dict.fromkeys(names, min(size, len(data) - 1)))
            )
        streamed = read_log(StreamSource("x", io.BytesIO(data)), max_bytes=10**6, max_ratio=10)
        assert isinstance(streamed.data, FileBytes)
        assert find_failures(streamed, budget) == held
