"""Records to JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.errors import InputError
from mcp_rag.ledger.serialisation import (
    content_digest,
    incident_from_json,
    incident_to_json,
    issue_from_json,
    issue_to_json,
    storable,
)
from mcp_rag.records import Excerpt, Frame, Incident, KnownIssue, Span, Standing

texts = st.text(max_size=20)
names = st.text(min_size=1, max_size=20)
lists = st.lists(texts, max_size=3).map(tuple)
counts = st.integers(0, 1000)
issues = st.builds(
    KnownIssue,
    id=names,
    source=names,
    title=names,
    symptoms=lists,
    cause=texts,
    fix=texts,
    commands=lists,
    applies_to=st.dictionaries(texts, texts, max_size=3),
    urls=lists,
    language=texts,
    package=texts,
    text=texts,
    standing=st.builds(Standing, counts, counts),
)
spans = st.builds(
    lambda first, length, score: Span(first, first + length, score, "why", "kind", first),
    st.integers(1, 10**6),
    st.integers(0, 100),
    st.floats(allow_nan=False, allow_infinity=False),
)
incidents = st.builds(
    Incident,
    fingerprint=names,
    span=spans,
    message=texts,
    template=texts,
    error_type=st.none() | names,
    language=st.none() | names,
    tool=st.none() | names,
    frames=st.lists(st.builds(Frame, names, st.none() | counts, st.none() | names), max_size=3).map(tuple),
    versions=st.dictionaries(texts, texts, max_size=3),
    excerpt=st.lists(st.builds(Excerpt, st.integers(1, 1000), texts), max_size=3).map(tuple),
)


@given(issues)
def test_an_issue_comes_back(issue: KnownIssue) -> None:
    assert issue_from_json(json.loads(json.dumps(issue_to_json(issue)))) == issue


@given(incidents)
def test_an_incident_comes_back(incident: Incident) -> None:
    assert incident_from_json(json.loads(json.dumps(incident_to_json(incident)))) == incident


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=50))
def test_storable_text_can_be_stored(text: str) -> None:
    kept = storable(text)
    assert len(kept) == len(text)
    assert "\x00" not in kept
    assert kept.encode().decode() == kept


def test_standing_is_no_content() -> None:
    one = KnownIssue("1", "s", "t")
    assert content_digest(one) == content_digest(KnownIssue("1", "s", "t", standing=Standing(9, 9)))
    assert content_digest(one) != content_digest(KnownIssue("1", "s", "t", symptoms=("x",)))


def test_what_is_absent_takes_its_default() -> None:
    assert issue_from_json({"id": "1", "source": "s", "title": "t", "later": 1}) == KnownIssue("1", "s", "t")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", 7),
        ("title", ["t"]),
        ("symptoms", "one text"),
        ("urls", [1]),
        ("applies_to", ["numpy"]),
        ("applies_to", {"numpy": 1}),
        ("standing", 3),
    ],
)
def test_a_field_of_another_type_is_named(field: str, value: Any) -> None:
    good = {"id": "1", "source": "s", "title": "t"}
    with pytest.raises(InputError, match=field):
        issue_from_json({**good, field: value})


@pytest.mark.parametrize("span", [{}, {"first": 0, "last": 1, "score": 1}, {"first": "1", "last": 1, "score": 1}])
def test_a_span_that_is_none_is_told(span: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="span"):
        incident_from_json({"fingerprint": "f", "span": span})
