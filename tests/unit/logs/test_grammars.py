"""The tables of the grammars as a whole."""

from __future__ import annotations

import gc
import re

import pytest

from mcp_rag.logs.grammars import RULES
from mcp_rag.logs.grammars.outcomes import ENDINGS
from mcp_rag.logs.grammars.rule import Pattern


def _patterns() -> list[Pattern]:
    """Also those that only a reach holds."""
    return [thing for thing in gc.get_objects() if type(thing) is Pattern] + [e.pattern for e in ENDINGS]


def test_every_pattern_of_the_tables_is_a_regular_expression() -> None:
    patterns = _patterns()
    assert len({pattern.text for pattern in patterns}) > len(RULES)
    for pattern in patterns:
        pattern.search("")


def test_a_pattern_is_compiled_once_it_is_searched_for() -> None:
    pattern = Pattern("a(")
    with pytest.raises(re.error):
        pattern.search("a")


def test_triggers_are_lower_case() -> None:
    triggers = [word for table in (RULES, ENDINGS) for entry in table for word in entry.triggers]
    assert all(word and word == word.lower() for word in triggers)
