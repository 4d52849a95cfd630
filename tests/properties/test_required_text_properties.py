"""What is required of a match is in every match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.knowledge.required_text import least_text, required_text

EXPRESSIONS = {
    r"E: Unable to locate package (?P<package>\S+)": "package",
    r"Could not get lock /var/lib/(?:dpkg|apt)/\S+": "/var/lib/",
    r"lock file version `?4`? was found": "version",
    r"colou?r(ed)*s{2,3}ings+ [abc](?P<quote>['\"])x(?P=quote)": "colo",
    r"at \(line\) \[\d\] C:\\Temp\$": "c:\\temp$",
    r"^Segmentation\ fault$": "segmentation",
    r"[(|)]tail(?!nothing)": "tail",
    r"lazy*?dogs.+?end": "dogs",
    r"one way|another": "",
    r"\x41bc": "",
    r"(?x) a b # comment": "",
    r"(a|b)(?:c)": "",
    "": "",
}


@pytest.mark.parametrize(("expression", "required"), EXPRESSIONS.items())
def test_it_is_the_longest_word_outside_every_group(expression: str, required: str) -> None:
    assert required_text(expression) == required


@given(st.data())
def test_every_match_holds_it(data: st.DataObject) -> None:
    expression = data.draw(st.sampled_from([each for each in EXPRESSIONS if each]))
    text = data.draw(st.from_regex(re.compile(expression, re.IGNORECASE | re.ASCII)))
    assert required_text(expression) in text.lower()


LEAST = {
    r"lazy*?dogs.+?end": "lazdogsend",
    r"colou?r(ed)*s{2,3}ings+": "colorsings",
    r"one long way|another": "another",
    r"no such (?:file|directory)": "no such file",
    r"exit (?:code (?:[12]|\d{3})|status)": "exit code ",
    r"^(?P<tool>npm|pnpm)(?: ERR!)? at \(line\)$": "npm at (line)",
    r"tail(?!nothing)(?=s)": "tails",
}


@pytest.mark.parametrize(("expression", "least"), LEAST.items())
def test_of_alternatives_the_one_that_says_least_counts(expression: str, least: str) -> None:
    assert least_text(expression, len) == least


@given(st.data())
def test_no_match_says_less(data: st.DataObject) -> None:
    verbose = r"(?x) a b # comment"
    expression = data.draw(st.sampled_from([each for each in EXPRESSIONS if each != verbose]))
    text = data.draw(st.from_regex(re.compile(expression, re.IGNORECASE | re.ASCII)))
    assert len(least_text(expression, len)) <= len(text)
