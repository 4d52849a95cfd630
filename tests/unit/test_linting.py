"""Linting known issues' files: each fault is found, and named by its file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcp_rag.knowledge.fixes import say_the_same
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.linting import Fault, lint, rivals, rivals_among
from mcp_rag.records import Excerpt, KnownIssue

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


OTHER = SOUND.replace("The port", "Our port").replace("bind: address {name}", "bind: address {place}")


def beside(text: str, *others: str) -> list[tuple[str, bool]]:
    """What answers the same error as ``text`` does, and whether with the same fix."""
    found = rivals(parse_issue_file(text, "here", "new.md"), [("here", f"{n}.md", t) for n, t in enumerate(others)])
    return [(rival.name, rival.same_fix) for rival in found]


def test_two_that_answer_the_same_error_contradict_each_other_by_another_fix() -> None:
    assert beside(OTHER, SOUND) == [("0.md", True)]
    assert beside(OTHER, SOUND.replace("Stop it.", "Take another port.")) == [("0.md", False)]
    assert beside(OTHER, SOUND.replace("bind", "listen"), "no issue") == []
    # An expression answers the new one's line, or the new one answers a line of the other.
    assert beside(OTHER, SOUND.replace('"bind: address {name}', r'"re:bind: address \\S+')) == [("0.md", True)]
    assert beside(SOUND.replace('"bind: address {name}', r'"re:bind: address \\S+'), OTHER) == [("0.md", True)]
    assert faults(SOUND, OTHER) == []
    (fault,) = faults(SOUND, OTHER.replace("Stop it.", "Wait."))
    assert (fault.name, fault.rule) == ("1.md", "contradiction")


@pytest.mark.parametrize(
    ("mine", "theirs", "contradict"),
    [
        ("<2", ">=2", False),
        ("<2", "<1", True),
        (">=1.5,<2", "~=1.5.2", True),
        ("==1.2", "!=1.2", False),
        (">1,<2", "==1.5", True),
        ("<=1.4", ">1.4", False),
        ("", "<1", True),
    ],
)
def test_two_of_other_versions_do_not(mine: str, theirs: str, contradict: bool) -> None:
    old, new = (
        text.replace("symptoms:", f"applies_to: {{port_server: '{versions}'}}\nsymptoms:")
        for text, versions in ((SOUND.replace("Stop it.", "Wait."), theirs), (OTHER, mine))
    )
    assert bool(beside(new, old)) is contradict
    assert bool(faults(old, new)) is contradict
    assert beside(new, old.replace("port_server", "another")) == [("0.md", False)]


PAIRS = [
    ("Upgrade vLLM to 0.10.0 or newer.", "Update to vLLM 0.10.0 or a later release.", True),
    ("Free a seat of the licence server.", "Release one licence seat on the server.", True),
    ("Install libpq-dev, then install again.", "apt-get install libpq-dev and repeat the installation.", True),
    ("Replace np.float by float.", "Use the builtin float in place of np.float.", True),
    ("Upgrade numpy to the newest.", "Downgrade numpy below 2.", False),
    ("pip install 'transformers<4.54'", "pip install 'transformers>=4.54'", False),
    ("Upgrade vLLM to 0.10.0.", "Upgrade vLLM to 0.8.5.", False),
    ("Restart the pod.", "Wait until the migration is through, do not restart the pod.", False),
    ("Enable the feature in the project's settings.", "Disable the feature in the project's settings.", False),
    ("Increase the shared memory with --shm-size.", "Reduce the workers of the data loader to 0.", False),
    ("Set CUDA_VISIBLE_DEVICES.", "Reinstall the driver of the GPU.", False),
]


@pytest.mark.parametrize(("one", "other", "alike"), PAIRS)
def test_fixes_in_other_words_are_alike_and_opposite_ones_are_not(one: str, other: str, alike: bool) -> None:
    mine, theirs = (KnownIssue(name, name, name, fix=fix) for name, fix in (("a", one), ("b", other)))
    assert say_the_same(mine, theirs) is alike
    assert say_the_same(theirs, mine) is alike


def test_new_issues_are_held_against_those_of_other_sources() -> None:
    known = parse_issue_file(SOUND, "known", "port.md")
    page = KnownIssue("p1", "wiki", "bind: address 10 already in use by a server", text="Take another port.")
    again = KnownIssue("p2", "wiki", "The PORT is taken!", text="Stop it, please.")
    others = {known.key: known, "other": replace(page, title="Something else that failed there")}
    found = [(issue.id, rival.name, rival.same_fix) for issue, rival in rivals_among([page, again], others)]
    assert found == [("p1", known.key, False), ("p2", known.key, True)]
