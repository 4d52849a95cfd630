"""What is new against a passing run: not times, ids or another order, but the failure."""

from __future__ import annotations

from mcp_rag.logs.comparing import find_new
from mcp_rag.logs.log import Log
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import MemorySource

GOOD = """\
2026-03-01 10:00:01 [INFO] building module core (build 17)
2026-03-01 10:00:02 [INFO] test AlphaTest passed in 12 ms
2026-03-01 10:00:03 [INFO] test BetaTest passed in 9 ms
Finished: SUCCESS
"""
BAD = """\
2026-03-02 23:11:47 [INFO] test BetaTest passed in 7 ms
2026-03-02 23:11:48 [INFO] building module core (build 4711)
2026-03-02 23:11:49 [ERROR] AlphaTest.adds: expected 4 but was 5

java.lang.AssertionError: expected 4 but was 5
\tat org.acme.AlphaTest.adds(AlphaTest.java:31)
\tat org.junit.Runner.run(Runner.java:90)
2026-03-02 23:11:50 [INFO] a step that is new and calm
Finished: FAILURE
"""


def log(text: str) -> Log:
    return read_log(MemorySource("x", text.encode()), max_bytes=10**9, max_ratio=100)


def lines(text: str, *good: str, budget: int | None = None) -> list[int]:
    spans = find_new(log(text), [log(one) for one in good], budget)
    return [n for span in spans for n in range(span.first, span.last + 1)]


def test_only_the_failure_is_new() -> None:
    assert [n for n in lines(BAD, GOOD) if BAD.splitlines()[n - 1]] == [3, 5, 6, 7]


def test_a_frame_that_the_passing_run_has_too_stays_with_its_exception() -> None:
    assert 7 in lines(BAD, GOOD + "\tat org.junit.Runner.run(Runner.java:88)\n")


def test_against_itself_nothing_is_new() -> None:
    assert lines(BAD, BAD) == []


def test_what_any_of_several_passing_runs_has_is_not_new() -> None:
    assert 3 not in lines(BAD, GOOD, "2026-02-28 01:02:03 [ERROR] AlphaTest.adds: expected 1 but was 2\n")


def test_a_budget_cuts() -> None:
    assert len(lines(BAD, GOOD, budget=2)) == 2
