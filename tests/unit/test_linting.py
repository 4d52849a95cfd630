"""Linting known issues' files: each fault is found, and named by its file."""

from __future__ import annotations

import pytest

from mcp_rag.linting import Fault, lint
from mcp_rag.records import Excerpt

SOUND = """---
title: The port is taken
symptoms: ["bind: address {name} already in use by a server"]
urls: [https://example.org/port]
---
## Cause
Another server listens there.

## Fix
Stop it.
"""


def faults(*texts: str, passing: str = "") -> list[Fault]:
    logs = [("good.log", [Excerpt(1, passing)])] if passing else []
    return list(lint([("here", f"{number}.md", text) for number, text in enumerate(texts)], logs))


def test_a_sound_issue_has_none() -> None:
    assert faults(SOUND, passing="Listening on 8000") == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("title: The port", "titel: The port", "shape"),
        ("title: The port is taken", "title: The port is taken\nstrikes: often", "shape"),
        ("title: The port is taken", "title: The port is taken\nstrikes: [{packages: {a: one}}]", "shape"),
        ("https://example.org/port", "see the wiki", "link"),
        ("Stop it.", "", "empty"),
        ("Another server listens there.", "", "empty"),
    ],
)
def test_what_is_wrong_with_one(old: str, new: str, rule: str) -> None:
    assert [(fault.name, fault.rule) for fault in faults(SOUND.replace(old, new))] == [("0.md", rule)]


def test_what_is_wrong_with_two() -> None:
    twice = {(fault.name, fault.rule, fault.message.split(" of ")[0]) for fault in faults(SOUND, f"{SOUND}\n")}
    assert ("1.md", "double", "has the title") in twice
    assert any(message.startswith("has the symptom") for _, _, message in twice)
    greedy = SOUND.replace("The port", "Greedy").replace(
        "bind: address {name} already in use by a server", "bind: address x1y already in use by a server"
    )
    assert [(fault.name, fault.rule) for fault in faults(SOUND, greedy)] == [("0.md", "taken")]


def test_a_pattern_that_fires_where_nothing_failed() -> None:
    found = faults(SOUND, passing="retry: bind: address 10 already in use by a server, retrying: ok")
    assert [(fault.rule, "good.log" in fault.message) for fault in found] == [("passing", True)]
