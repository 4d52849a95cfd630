"""Failures that are one are put together, with the reason, and a person has the last word."""

from __future__ import annotations

import pytest

from mcp_rag.logs.grouping import Member, group
from mcp_rag.records import Frame, GroupingDecision, GroupingKind, Incident, Span


def member(name: str, template: str, *frames: str, error_type: str = "ValueError") -> Member:
    placed = tuple(Frame(*frame.split(":")[:1], function=frame.split(":")[1]) for frame in frames)
    span = Span(1, 1, 1.0, "a traceback")
    return Member(f"{name}.log", Incident(name, span, template, template, error_type, "python", frames=placed))


def together(*members: Member, decisions: tuple[GroupingDecision, ...] = ()) -> set[frozenset[str]]:
    return {frozenset(m.incident.fingerprint for m in each.members) for each in group(members, decisions)}


LONG = "the shape <num> of the weight does not fit the head"


def test_a_telling_sentence_is_one_failure_wherever_it_strikes() -> None:
    (one,) = group([member("a", LONG, "m.py:f"), member("b", LONG, "n.py:g")])
    assert [join.reason for join in one.joins] == [
        "the same ValueError and sentence; the frames differ in m.py:f, n.py:g"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member("a", "'x'", "m.py:f"), member("b", "'x'", "n.py:g")),
        (member("a", "no such file", "m.py:f"), member("b", "no such file", "n.py:g")),
        (member("a", LONG), member("b", LONG, error_type="TypeError")),
        (
            member("a", "No module named 'torch'", "setup.py:f"),
            member("b", "No module named 'distutils'", "setup.py:f"),
        ),
        (member("a", "no module named <x> here", "m.py:f"), member("b", "division by zero", "m.py:f")),
    ],
)
def test_what_may_be_two_failures_stays_apart(one: Member, other: Member) -> None:
    assert together(one, other) == {frozenset("a"), frozenset("b")}


def test_a_short_sentence_needs_a_frame_in_common() -> None:
    assert together(
        member("a", "no such file", "m.py:f", "q.py:h"), member("b", "no such file", "m.py:f", "r.py:i")
    ) == {frozenset("ab")}


def test_a_sentence_may_be_worded_anew_at_the_same_place() -> None:
    (one,) = group(
        [
            member("a", "invalid head size for this attention kernel", "m.py:f"),
            member("b", "invalid head dimension for this attention kernel", "m.py:f"),
        ]
    )
    assert [join.reason for join in one.joins] == [
        "the same ValueError in m.py:f; the sentences differ in dimension, size"
    ]


def test_a_person_has_the_last_word() -> None:
    a, b, c = member("a", LONG, "m.py:f"), member("b", LONG, "n.py:g"), member("c", "quite another")
    split = GroupingDecision(GroupingKind.SPLIT, "a", "b")
    merge = GroupingDecision(GroupingKind.MERGE, "c", "b")
    assert together(a, b, c, decisions=(split, merge)) == {frozenset("a"), frozenset("bc")}
    again = GroupingDecision(GroupingKind.MERGE, "a", "b")
    assert together(a, b, c, decisions=(split, merge, again)) == {frozenset("abc")}
    apart = GroupingDecision(GroupingKind.SPLIT, "a", "c")
    assert together(a, b, c, decisions=(merge, again, apart)) == {frozenset("ab"), frozenset("c")}


def test_a_merge_through_a_failure_that_is_not_among_the_logs_holds() -> None:
    through = tuple(GroupingDecision(GroupingKind.MERGE, name, "gone") for name in ("a", "c"))
    assert together(member("a", "one thing"), member("c", "quite another"), decisions=through) == {frozenset("ac")}


def test_the_largest_group_comes_first_and_bears_its_commonest_fingerprint() -> None:
    groups = group([member("z", "rare"), member("b", LONG, "m.py:f"), member("a", LONG, "n.py:g"), member("b", LONG)])
    assert [(each.id, len(each.members)) for each in groups] == [("b", 3), ("z", 1)]
