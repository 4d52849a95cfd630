"""A whole ledger goes from one machine to another; held by SQLite and PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import datetime, timedelta

import pytest
from ledger_samples import FINGERPRINT, FULL, NOON, incident, issue

from mcp_rag.errors import InputError
from mcp_rag.ledger import Ledger
from mcp_rag.records import (
    OutcomeKind,
    Standing,
    Verdict,
)


def _fill(ledger: Ledger, name: str, at: datetime) -> None:
    ledger.issues.replace_document(
        "notes", f"{name}.md", name, [issue(f"{name}{n}", symptoms=("s",)) for n in (1, 2)], at
    )
    ledger.issues.replace_document("shared", "both.md", "same", [issue("shared", "shared")], NOON)
    ledger.issues.put(FULL, at=NOON)
    seen = ledger.incidents.record(incident(message=name), f"{name}.log", Verdict.KNOWN, FULL.key, at=at)
    ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, FULL.key, f"fix of {name}", at=at)


def _exported(ledger: Ledger) -> str:
    stream = io.StringIO()
    lines = ledger.export(stream)
    assert stream.getvalue().count("\n") == lines
    return stream.getvalue()


class TestMoving:
    def test_an_empty_ledger_becomes_the_same(self, ledger: Ledger, other: Ledger) -> None:
        _fill(ledger, "a", NOON)
        exported = _exported(ledger)
        imported = other.import_(io.StringIO(exported))
        assert dataclasses.astuple(imported) == (4, 2, 1, 1, 1, 0)
        assert _exported(other) == exported
        assert other.issues.get(FULL.key).standing == Standing(4, 1)
        assert len(other.issues.patterns()) == 4

    def test_importing_again_changes_nothing(self, ledger: Ledger) -> None:
        _fill(ledger, "a", NOON)
        exported = _exported(ledger)
        assert dataclasses.astuple(ledger.import_(io.StringIO(exported))) == (0, 0, 0, 0, 0, 0)
        assert _exported(ledger) == exported

    def test_two_ledgers_merge_without_loss(self, ledger: Ledger, other: Ledger) -> None:
        _fill(ledger, "a", NOON)
        _fill(other, "b", NOON + timedelta(1))
        exported = _exported(other)
        for _ in range(2):
            ledger.import_(io.StringIO(exported))
            assert {i.id for i in ledger.issues.all()} == {"a1", "a2", "b1", "b2", "shared", FULL.id}
            stored = ledger.incidents.last()
            assert (stored.history.count, stored.history.first_seen) == (2, NOON)
            assert (stored.incident.message, stored.history.fixed_by) == ("b", "fix of b")
            assert ledger.issues.get(FULL.key).standing == Standing(5, 1)
        assert ledger.issues.digest("shared", "both.md") == "same"

    def test_equal_sightings_and_outcomes_are_several(self, ledger: Ledger, other: Ledger) -> None:
        for _ in range(3):
            seen = ledger.incidents.record(incident(), "-", Verdict.KNOWN, None, at=NOON)
            ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/1", None, at=NOON)
        for _ in range(2):
            other.import_(io.StringIO(_exported(ledger)))
            assert other.incidents.last().history.count == 3
            assert other.outcomes.verdicts(FINGERPRINT) == {"notes/1": 3}

    def test_the_later_wording_stays(self, ledger: Ledger, other: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "old", [issue("1", fix="old")], NOON)
        other.issues.replace_document("notes", "a.md", "new", [issue("1", fix="new")], NOON + timedelta(1))
        old, new = _exported(ledger), _exported(other)
        other.import_(io.StringIO(old))
        ledger.import_(io.StringIO(new))
        assert (ledger.issues.get("notes/1").fix, other.issues.get("notes/1").fix) == ("new", "new")
        # Which entries the document really has, only the document itself can tell.
        assert ledger.issues.digest("notes", "a.md") is None

    @pytest.mark.parametrize(
        ("spoil", "why"),
        [
            (lambda lines: lines[:-1], "end of the export is missing"),
            (lambda lines: [*lines[:4], "{", *lines[4:]], "Line 5 "),
            (lambda lines: [*lines[:4], "[]", *lines[4:]], "Line 5 .*not a JSON object"),
            (lambda lines: [*lines[:4], '{"kind": "cat"}', *lines[4:]], "Line 5 .*no kind 'cat'"),
            (lambda lines: [*lines[:4], '{"kind": "issue"}', *lines[4:]], "Line 5 .*no 'issue'"),
            (lambda lines: [line.replace('"symptoms": [', '"symptoms": [7, ') for line in lines], "'symptoms'"),
            (lambda lines: [line.replace('"helped": 4', f'"helped": {10**30}') for line in lines], "'helped'"),
            (lambda lines: [line.replace("+00:00", "") for line in lines], "no zone"),
            (lambda lines: lines[1:], "Line 1 .*header"),
            (lambda lines: [*lines, lines[-1]], "after the end"),
            (lambda lines: [*lines[:3], *lines[4:]], "end of the export is missing"),
            (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "Line 2 .*no line before"),
            (lambda lines: [lines[0].replace('"version": 2', '"version": 3'), *lines[1:]], "version 3 is later"),
            (lambda lines: [], "Line 1 "),
        ],
    )
    def test_bad_input_names_its_line_and_writes_nothing(
        self, ledger: Ledger, other: Ledger, spoil: object, why: str
    ) -> None:
        _fill(ledger, "a", NOON)
        lines = _exported(ledger).splitlines()
        spoiled = spoil(lines)  # type: ignore[operator]
        with pytest.raises(InputError, match=why):
            other.import_(io.StringIO("".join(line + "\n" for line in spoiled)))
        empty = _exported(other).splitlines()
        assert [json.loads(line).get("kind") for line in empty] == [None, "end"]
        assert other.issues.revision() == 0
