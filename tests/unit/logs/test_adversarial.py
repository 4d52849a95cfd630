"""An early cause is never lost: among 100,000 lines, behind frightening warnings, before a cascade."""

from __future__ import annotations

import pytest

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log

CAUSES = {
    "python": ["Traceback (most recent call last):", '  File "load.py", line 8, in load', "KeyError: 'region'"],
    "gcc": ["ledger.c:41:9: error: 'balance' undeclared (first use in this function)"],
    "rust": ["thread 'main' panicked at src/main.rs:7:5:", "no rate for EUR"],
}
CALM = ["INFO worker-{0} step {0} done in 3 ms", "GET /items/{0} 200", "DEBUG cache hit ratio=0.9{0}"]
SCARES = [
    "WARNING: error budget low, failed requests: 0",
    "warning: could not load optional plugin 'metrics', ignoring",
    "W: Some index files failed to download. They have been ignored, or old ones used instead.",
    "retrying after connection error (attempt 2 of 5)",
]
CASCADES = {
    "make": ["make[2]: *** [Makefile:{0}: part{0}.o] Error 1", "make[1]: *** [all] Error 2"],
    "errors": ["ERROR: step {0} skipped because an earlier step failed"],
    "npm": ["npm ERR! code ELIFECYCLE", "npm ERR! errno {0}"],
}


def calm(count: int) -> list[str]:
    return [CALM[n % 3].format(n % 97) for n in range(count)]


@pytest.mark.parametrize("tool", CAUSES)
def test_an_early_single_error_of_a_long_log_comes_first(tool: str) -> None:
    lines = [*calm(500), *CAUSES[tool], *calm(100_000), "##[error]Process completed with exit code 1."]
    spans = find_failures(Log("x", "\n".join(lines).encode()), budget_lines=10)
    assert spans[0].first <= 500 + len(CAUSES[tool]) <= spans[0].last


@pytest.mark.parametrize("cascade", CASCADES)
@pytest.mark.parametrize("tool", CAUSES)
def test_neither_scares_before_it_nor_a_cascade_after_it_win(tool: str, cascade: str) -> None:
    after = [text.format(n) for n in range(40) for text in CASCADES[cascade]]
    lines = [*calm(200), *SCARES * 20, *CAUSES[tool], *after, "##[error]Process completed with exit code 2."]
    cause = len(calm(200)) + 20 * len(SCARES) + len(CAUSES[tool])
    spans = find_failures(Log("x", "\n".join(lines).encode()), budget_lines=10)
    assert spans[0].first <= cause <= spans[0].last
