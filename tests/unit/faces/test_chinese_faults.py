"""What the form of a known issue finds wrong is told in Chinese, too: the checks themselves speak English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_rag.faces.web.issue_form import FIELDS, IssueForm, check
from mcp_rag.faces.web.language import words_of
from mcp_rag.knowledge.issue_file import render_issue_file
from mcp_rag.linting import lint
from mcp_rag.records import KnownIssue
from mcp_rag.settings import load_settings
from mcp_rag.wiring import House, open_house

SOUND = dict.fromkeys(FIELDS, "") | {
    "title": "The weasel is out",
    "id": "weasel-out",
    "cause": "Someone opened its box.",
    "fix": "Close the box.",
    "symptoms": "weasel: box {number} is open",
    "urls": "https://weasel.example/why",
}
WRONG = {
    "title": {"title": "", "id": "x"},
    "id": {"id": "Weasel Out"},
    "urls": {"urls": "javascript:alert(1)"},
    "cause": {"cause": ""},
    "fix": {"fix": ""},
    "applies_to": {"applies_to": "weasel newest"},
    "symptoms": {"symptoms": "re:(unclosed"},
}
MORE_WRONG = {
    "applies_to": {"applies_to": "weasel >=much"},
    "symptoms": {"symptoms": "re:(?=a)b and twelve letters"},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = load_settings({"home": tmp_path_factory.mktemp("zh") / "home", "starter": False})
    with open_house(settings, use_chat=False) as opened:
        opened.ledger.issues.put(
            KnownIssue(id="stoat", source="written", title="Stoat", symptoms=("stoat: den {n} is open",))
        )
        yield opened


def said_in_chinese(message: str) -> str:
    said = words_of("zh").reason(message)
    assert re.search(r"[\u4e00-\u9fff]", said), f"not told in Chinese: {message}"
    assert "{" not in said.replace("{number}", "").replace("{n}", ""), said
    return said


@pytest.mark.parametrize(("field", "change"), [*WRONG.items(), *MORE_WRONG.items()])
def test_each_fault_of_one_entry(house: House, field: str, change: dict[str, str]) -> None:
    found = check(house, IssueForm(SOUND | change, ""))
    told = {**found.wrong, **found.doubts}
    assert field in told, told
    assert words_of("en").reason(told[field][0]) == told[field][0]
    for messages in told.values():
        for message in messages:
            said_in_chinese(message)


def test_each_fault_of_two_entries(house: House, tmp_path: Path) -> None:
    taken = check(house, IssueForm(SOUND | {"symptoms": "stoat: den {n} is open"}, "")).doubts["symptoms"]
    assert "written/stoat" in said_in_chinese(taken[0])
    doubled = check(house, IssueForm(SOUND | {"title": "Stoat", "id": "stoat"}, "")).wrong["id"]
    assert "written/stoat" in said_in_chinese(doubled[0])
    one = KnownIssue(id="a", source="s", title="One", symptoms=("stoat: den {n} is open",), cause="c", fix="dig")
    others = (
        replace(one, title="Two"),
        replace(one, id="b", title="One", fix="fill"),
        replace(one, id="b", title="Two", symptoms=("stoat: den {n:word} is {state}",), fix="fill"),
        replace(one, id="b", title="Two", symptoms=("den {n} is open {where}, stoat",)),
    )
    rules = set()
    for other in others:
        files = [("s", f"{name}.md", render_issue_file(each)) for name, each in (("a", one), ("b", other))]
        for fault in lint(files):
            rules.add(fault.rule)
            said_in_chinese(fault.message)
    assert {"double", "contradiction"} <= rules
