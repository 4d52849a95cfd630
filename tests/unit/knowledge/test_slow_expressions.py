"""Expressions that could take for ever on a chosen line are refused, and what takes no time is not."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.knowledge.patterns import compile_foreign
from mcp_rag.knowledge.slow_expressions import reason_against


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b",
        "((a+))*b",
        "(?:a|aa)+b",
        r"(.|\w)*b",
        "(x+x+)+y",
        "(a{2,})*b",
        "(?:(?:a|b)*c?)*d",
        r"^(\w+\s?)*$",
        "a*a*a*b",
        r".*\s*.*b",
        "(?i:a*)(a*)(?:a*)b",
        "(?=(a+)+b)x+",
        "(é|É)*(?:e|é+)*b",
    ],
)
def test_what_can_take_for_ever_is_refused(expression: str) -> None:
    re.compile(expression)
    assert reason_against(expression)
    with pytest.raises(ValueError, match="for ever"):
        compile_foreign(f"re:{expression}")


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "plain",
        r"(?P<file>\S+):(?P<line>\d+): error: .+",
        "(?:ab|cd)+x",
        "(a|b)*c",
        r"[\w.]+ [\w.]+ [\w.]+",
        "(?:no|not) .* in .*",
        r"\d+(?:\.\d+){0,3}",
        r"(?P<a>\w+) and (?P=a)",
        "(?:x{1,9})+ y",
    ],
)
def test_what_takes_no_time_is_not(expression: str) -> None:
    assert reason_against(expression) == ""


@given(st.text(alphabet="ab|()[]^*+?{},1\\dwsé.$", max_size=20))
def test_whatever_python_reads_is_judged(expression: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of nested sets
            re.compile(expression)
    except (re.error, OverflowError):
        return
    assert isinstance(reason_against(expression), str)
