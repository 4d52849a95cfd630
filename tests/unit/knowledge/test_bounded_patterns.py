"""No pattern that somebody wrote keeps a server busy on a line that somebody chose."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.knowledge.patterns import LONGEST_LINE, compile_foreign, compile_symptom
from mcp_rag.records import Excerpt

FOR_EVER = [
    ("re:(a+)+b", "a" * LONGEST_LINE),
    (r"re:(.|\w)*b!", "a" * (LONGEST_LINE - 1) + "!"),
    ("re:a*a*a*a*a*b", "a" * LONGEST_LINE),
    ("re:x.*x.*x.*x.*x.*x.*y", "xy!" + "x" * LONGEST_LINE + "x"),
    ("error {a} {b} {c} {d} {e} {f} end of it", "end of it error " + "a " * LONGEST_LINE),
    ("{a} {a} {a} {a} b!", "b! " + "a " * LONGEST_LINE),
]
"""Each takes Python's matcher hours at least."""


@pytest.mark.parametrize(("symptom", "line"), FOR_EVER)
@pytest.mark.parametrize("compiled", [compile_foreign, compile_symptom])
def test_time_is_bounded_whatever_pattern_and_line_were_made_for(compiled: type, symptom: str, line: str) -> None:
    compiled(symptom).match([Excerpt(1, line)])  # that it ends is what is asserted
    assert not any(isinstance(matcher, re.Pattern) for matcher, _ in compiled(symptom).parts)


@pytest.mark.parametrize(
    "expression", ["a(?=b)", "(?<!a)b", "(?P<a>x)(?P=a)", r"(x)\1", "(?(1)a|b)", "a{2000}", "(?>a+)b"]
)
def test_what_cannot_be_matched_in_bounded_time_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"bounded time|is wrong"):
        compile_foreign(f"re:{expression}")


@given(st.text("ab|()*+?.", max_size=10), st.text("ab", max_size=8))
def test_an_expression_finds_what_it_finds_in_python(expression: str, text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            expected = re.search(expression, text, re.IGNORECASE)
        ((matcher, _),) = compile_foreign(f"re:{expression}").parts
    except (re.error, ValueError):
        return
    assert (matcher.search(text) is None) == (expected is None)


def test_without_re2_what_ships_is_matched_and_a_teams_expression_refused() -> None:
    program = """
import sys
sys.modules["re2"] = None
from mcp_rag.knowledge.patterns import compile_foreign, compile_symptom
from mcp_rag.records import Excerpt
line = [Excerpt(1, "bad 名字: v1.2 in  /srv!")]
print(compile_foreign("bad {name:word}: {n:version} in {place:path}!").match(line).variables)
print(compile_symptom("re:bad (?P<name>.+):").match(line).variables)
try:
    compile_foreign("re:bad .+")
except ValueError as refused:
    print(refused)
"""
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, check=True)
    plain, expression, refused = done.stdout.decode().splitlines()
    assert plain == "{'name': '名字', 'n': 'v1.2', 'place': '/srv'}"
    assert expression == "{'name': '名字'}"
    assert "pip install google-re2" in refused
