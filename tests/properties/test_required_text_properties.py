"""What is required of a match is in every match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.knowledge.required_text import required_text

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
