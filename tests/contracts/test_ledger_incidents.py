"""Incidents, the decisions on their groups and their diagnoses; held by SQLite and PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_samples import FINGERPRINT, NOON, incident

from mcp_rag.errors import NotFound
from mcp_rag.ledger import Ledger, StoredGoodRun
from mcp_rag.records import (
    Excerpt,
    Frame,
    GroupingDecision,
    GroupingKind,
    Incident,
    Span,
    Verdict,
)


class TestIncidents:
    def test_a_failure_seen_before_is_told_so(self, ledger: Ledger) -> None:
        first = ledger.incidents.record(incident(), "a.log", Verdict.UNKNOWN, None, at=NOON)
        assert (first.incident_id, first.history) == ("01234567", None)
        second = ledger.incidents.record(
            incident(message="newer"), "b.log", Verdict.KNOWN, "n/1", at=NOON + timedelta(1)
        )
        assert second.history is not None
        assert (second.history.count, second.history.first_seen, second.history.last_seen) == (1, NOON, NOON)
        stored = ledger.incidents.last()
        assert (stored.incident.message, stored.source, stored.verdict, stored.issue_key) == (
            "newer",
            "b.log",
            Verdict.KNOWN,
            "n/1",
        )
        assert (stored.history.count, stored.history.last_seen) == (2, NOON + timedelta(1))
        assert ledger.incidents.history(FINGERPRINT) == stored.history
        assert ledger.incidents.history("none") is None

    def test_every_field_of_an_incident_comes_back(self, ledger: Ledger) -> None:
        full = Incident(
            FINGERPRINT,
            Span(1, 4, 0.25, "why", "gcc-error", 2),
            "message",
            "template",
            "ValueError",
            "python",
            "pip",
            (Frame("a.py", 3, "main"), Frame("b.py")),
            {"numpy": "2.4"},
            (Excerpt(1, "first"), Excerpt(2, "二")),
        )
        ledger.incidents.record(full, "-", Verdict.KNOWN, None)
        assert ledger.incidents.get(FINGERPRINT).incident == full

    def test_ids_are_short_stable_and_unique(self, ledger: Ledger) -> None:
        twin = FINGERPRINT[:12] + "f" * 20
        ids = [
            ledger.incidents.record(incident(f), "-", Verdict.UNKNOWN, None).incident_id for f in (FINGERPRINT, twin)
        ]
        assert ids == ["01234567", "012345678"]
        assert ledger.incidents.get("01234567").fingerprint == FINGERPRINT
        assert ledger.incidents.get("012345678").fingerprint == twin
        with pytest.raises(NotFound, match="Several"):
            ledger.incidents.get("0123")
        again = ledger.incidents.record(incident(twin), "-", Verdict.UNKNOWN, None)
        assert again.incident_id == "012345678"
        odd = ledger.incidents.record(incident("not hexadecimal"), "-", Verdict.UNKNOWN, None)
        assert ledger.incidents.get(odd.incident_id).fingerprint == "not hexadecimal"
        assert len(ledger.incidents.list()) == ledger.incidents.count() == 3

    def test_nothing_is_not_found(self, ledger: Ledger) -> None:
        for name in ("last", "abc", "", "%", "\udcff"):
            with pytest.raises(NotFound):
                ledger.incidents.get(name)

    def test_hostile_text_is_stored(self, ledger: Ledger) -> None:
        hostile = dataclasses.replace(incident(message="a\x00\ud800"), excerpt=(Excerpt(1, "\x00'; drop table x; --"),))
        ledger.incidents.record(hostile, "\udcff.log", Verdict.UNKNOWN, None)
        stored = ledger.incidents.get("last")
        assert stored.incident.message == "a\ufffd\ufffd"
        assert stored.incident.excerpt[0].text == "\ufffd'; drop table x; --"

    def test_a_follower_sees_each_incident_once_by_its_latest_sighting(self, ledger: Ledger) -> None:
        others = [incident(f"{number}" * 32) for number in range(3)]
        for one in (*others, others[0]):
            ledger.incidents.record(one, "-", Verdict.UNKNOWN, None)
        seen = ledger.incidents.seen_after(0, 2)
        assert [stored.fingerprint[0] for _, stored in seen] == ["1", "2"]
        rest = ledger.incidents.seen_after(seen[-1][0], 10)
        assert [stored.fingerprint[0] for _, stored in rest] == ["0"]
        assert ledger.incidents.seen_after(rest[-1][0], 10) == []
        ids = [stored.id for _, stored in (*seen, *rest)]
        assert list(ledger.incidents.many([*ids, "none", "\udcff"])) != []
        assert set(ledger.incidents.many([*ids, "none"])) == set(ids)

    def test_threads_share_a_ledger(self, ledger: Ledger) -> None:
        def record(_: int) -> str:
            return ledger.incidents.record(incident(), "-", Verdict.UNKNOWN, None).incident_id

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(record, range(40))) == {"01234567"}
        assert ledger.incidents.last().history.count == 40


def test_decisions_on_groups_keep_their_order_and_travel_once(ledger: Ledger, tmp_path: Path) -> None:
    ledger.groupings.decide(GroupingKind.MERGE, "aa", "bb", NOON)
    ledger.groupings.decide(GroupingKind.SPLIT, "aa", "bb", NOON - timedelta(days=1))
    told = (GroupingDecision(GroupingKind.SPLIT, "aa", "bb"), GroupingDecision(GroupingKind.MERGE, "aa", "bb"))
    assert ledger.groupings.decisions() == told
    exported = io.StringIO()
    ledger.export(exported)
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        exported.seek(0)
        assert other.import_(exported).groupings == 2
        exported.seek(0)
        assert other.import_(exported).groupings == 0
        assert other.groupings.decisions() == told


def test_a_diagnosis_is_kept_with_the_lines_of_its_log(ledger: Ledger) -> None:
    document = {"cause": "a\x00b", "spans": [{"first": 3}]}
    kept = ledger.diagnoses.keep("build.log", Verdict.KNOWN, "01234567", document, NOON)
    assert (kept.at, kept.source, kept.verdict, kept.incident_id) == (NOON, "build.log", Verdict.KNOWN, "01234567")
    assert kept.document == {"cause": "a\ufffdb", "spans": [{"first": 3}]}
    ledger.diagnoses.add_lines(kept.id, [(1, ["one", "two\x00"]), (3, ["三"]), (900, ["last"]), (950, [])])
    ledger.diagnoses.add_lines(kept.id, [(1, ["another one"])])
    assert ledger.diagnoses.runs(kept.id) == [(1, 3), (900, 900)]
    assert ledger.diagnoses.lines(kept.id, 2, 900) == [Excerpt(2, "two\ufffd"), Excerpt(3, "三"), Excerpt(900, "last")]
    assert ledger.diagnoses.lines("absent", 1, 9) == []
    for call in (ledger.diagnoses.get, lambda id: ledger.diagnoses.add_lines(id, [(1, ["x"])])):
        with pytest.raises(NotFound):
            call("ab\x00sent")


def test_old_diagnoses_make_room_their_logs_first(ledger: Ledger) -> None:
    kept = [
        ledger.diagnoses.keep(f"{n}.log", Verdict.UNKNOWN, "01234567" if n else None, {}, NOON + timedelta(hours=n))
        for n in range(4)
    ]
    for one in kept:
        ledger.diagnoses.add_lines(one.id, [(1, ["0123456789abcdefghij" * 10])])
    assert [one.source for one in ledger.diagnoses.latest(2)] == ["3.log", "2.log"]
    assert [one.source for one in ledger.diagnoses.latest(9, "01234567")] == ["3.log", "2.log", "1.log"]
    ledger.diagnoses.prune(kept=3, kept_lines_bytes=100)
    assert [one.source for one in ledger.diagnoses.latest(9)] == ["3.log", "2.log", "1.log"]
    assert [bool(ledger.diagnoses.runs(one.id)) for one in kept] == [False, False, True, True]


def test_incidents_are_found_by_what_they_say_and_counted_by_day(ledger: Ledger) -> None:
    first = ledger.incidents.record(incident(), "ci/100%.log", Verdict.UNKNOWN, None, NOON).incident_id
    for hours in (1, 24, 25):
        ledger.incidents.record(incident(), "ci/100%.log", Verdict.UNKNOWN, None, NOON + timedelta(hours=hours))
    second = ledger.incidents.record(
        incident("f" * 32, "Disk FULL"), "b.log", Verdict.KNOWN, "notes/a", NOON + timedelta(days=3)
    ).incident_id
    found = {
        text: [one.id for one in ledger.incidents.find(text)] for text in ("", "disk full", "100%", "1_0", "%", "\x00")
    }
    assert found == {"": [second, first], "disk full": [second], "100%": [first], "1_0": [], "%": [first], "\x00": []}
    assert [one.id for one in ledger.incidents.find("", Verdict.KNOWN)] == [second]
    assert [one.id for one in ledger.incidents.find(limit=1, offset=1)] == [first]
    assert (ledger.incidents.count_found(), ledger.incidents.count_found("disk", Verdict.UNKNOWN)) == (2, 0)
    days = ledger.incidents.sightings_by_day([first, second, "absent"], NOON + timedelta(minutes=1))
    assert days[first] == {NOON.date(): 1, NOON.date() + timedelta(days=1): 2}
    assert days[second] == {NOON.date() + timedelta(days=3): 1}
    assert days["absent"] == {}


def test_a_jobs_last_good_run_is_kept_and_the_oldest_make_room(ledger: Ledger) -> None:
    runs = ledger.good_runs
    assert (runs.last("nightly"), runs.all(), runs.forget("nightly")) == (None, [], False)
    runs.keep("nightly", "a.log", b"\x00" * 16, NOON)
    runs.keep("nightly", "b\x00.log", b"\xff" * 8, NOON + timedelta(hours=1))
    last = runs.last("nightly")
    assert last == StoredGoodRun("nightly", "b\ufffd.log", NOON + timedelta(hours=1), 8, b"\xff" * 8)
    assert runs.all() == [dataclasses.replace(last, shapes=b"")]
    runs.keep("weekly", "c.log", b"", NOON, kept=1)
    assert [run.job for run in runs.all()] == ["nightly"]
    assert (runs.forget("nightly"), runs.all()) == (True, [])
