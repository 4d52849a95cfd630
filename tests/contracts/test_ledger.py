"""What a ledger promises, held by SQLite and PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_places import PLACES, empty_place

from mcp_rag.errors import InputError, NotFound
from mcp_rag.ledger import Ledger, Replaced, Saying
from mcp_rag.records import (
    Excerpt,
    Frame,
    GroupingDecision,
    GroupingKind,
    Incident,
    KnownIssue,
    OutcomeKind,
    Span,
    Standing,
    Verdict,
)

NOON = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
FINGERPRINT = "0123456789abcdef0123456789abcdef"


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_place(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        yield ledger


@pytest.fixture
def other(url: str, tmp_path: Path) -> Iterator[Ledger]:
    """A second, empty ledger of the same kind."""
    with empty_place(url.partition(":")[0], tmp_path / "other") as place, Ledger.open(place) as ledger:
        yield ledger


def issue(id: str, source: str = "notes", **more: object) -> KnownIssue:
    return KnownIssue(id=id, source=source, title=f"Title of {id}", **more)  # type: ignore[arg-type]


def incident(fingerprint: str = FINGERPRINT, message: str = "No module named 'x'") -> Incident:
    return Incident(fingerprint, Span(3, 9, 0.5, "a traceback", "python-traceback", 9), message, "No module named <s>")


FULL = KnownIssue(
    id="np.float / 数组 ☃",
    source="starter",
    title="np.float is gone",
    symptoms=("has no attribute '{name}'", r"re:\bnp\.float\b"),
    cause="Removed",
    fix="Use float",
    commands=("sed -i s/np.float/float/ {file}",),
    applies_to={"numpy": ">=1.24", "python": ">=3.8"},
    urls=("https://numpy.org",),
    language="python",
    package="numpy",
    text="Body\nof two lines",
    standing=Standing(3, 1),
)


class TestDocuments:
    def test_every_field_comes_back_verbatim(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("starter", "starter/numpy.md", "d1", [FULL], at=NOON)
        assert ledger.issues.get(FULL.key) == FULL
        origin = ledger.issues.origin(FULL.key)
        assert (origin.document, origin.learned_at, origin.revision) == ("starter/numpy.md", NOON, 1)

    def test_same_digest_changes_nothing(self, ledger: Ledger) -> None:
        assert ledger.issues.replace_document("notes", "a.md", "d1", [issue("1"), issue("2")]) == Replaced(added=2)
        assert ledger.issues.replace_document("notes", "a.md", "d1", [issue("3")]) == Replaced(unchanged=2)
        assert ledger.issues.revision() == 2
        assert ledger.issues.digest("notes", "a.md") == "d1"
        assert ledger.issues.digest("other", "a.md") is None

    def test_same_content_under_another_digest_makes_no_revision(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1", symptoms=("s",))])
        patterns = ledger.issues.patterns_revision()
        replaced = ledger.issues.replace_document("notes", "a.md", "d2", [issue("1", symptoms=("s",))])
        assert replaced == Replaced(unchanged=1)
        assert (ledger.issues.revision(), ledger.issues.patterns_revision()) == (1, patterns)
        assert ledger.issues.digests("notes") == {"a.md": "d2"}

    def test_a_changed_document_replaces_its_entries_alone(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1"), issue("2"), issue("3")])
        ledger.issues.replace_document("notes", "b.md", "d1", [issue("4")])
        replaced = ledger.issues.replace_document(
            "notes", "a.md", "d2", [issue("2"), issue("3", fix="new"), issue("5")]
        )
        assert replaced == Replaced(added=1, changed=1, unchanged=1, removed=1)
        assert [i.id for i in ledger.issues.all()] == ["2", "3", "4", "5"]
        assert ledger.issues.get("notes/3").fix == "new"

    def test_sources_never_overwrite_each_other(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("one", "kb.jsonl", "d", [issue("7", "one", fix="first")])
        ledger.issues.replace_document("two", "kb.jsonl", "d", [issue("7", "two", fix="second")])
        assert [i.fix for i in ledger.issues.all()] == ["first", "second"]
        assert ledger.issues.sources() == [("one", 1), ("two", 1)]
        assert sorted(ledger.issues.find("7")) == ["one/7", "two/7"]
        ledger.issues.put(issue("b/c", "a"))
        with pytest.raises(InputError, match="has an entry of that name"):
            ledger.issues.put(issue("c", "a/b"))
        assert ledger.issues.get("a/b/c").id == "b/c"

    def test_the_later_of_two_documents_has_an_id(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1", fix="a")])
        ledger.issues.replace_document("notes", "b.md", "d1", [issue("1", fix="b")])
        assert ledger.issues.get("notes/1").fix == "b"
        assert ledger.issues.origin("notes/1").document == "b.md"
        assert ledger.issues.replace_document("notes", "a.md", "d1", [issue("1", fix="a")]) == Replaced()
        # When the later goes, the earlier has to be read again to say its own.
        assert ledger.issues.forget_documents("notes", {"a.md"}) == 1
        assert ledger.issues.digest("notes", "a.md") is None
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1", fix="a")])
        assert ledger.issues.get("notes/1").fix == "a"

    def test_an_entry_moves_without_a_revision(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1")])
        assert ledger.issues.replace_document("notes", "b.md", "d1", [issue("1")]) == Replaced(unchanged=1)
        assert (ledger.issues.origin("notes/1").document, ledger.issues.revision()) == ("b.md", 1)
        assert ledger.issues.replace_document("notes", "a.md", "d2", []) == Replaced()
        assert ledger.issues.count() == 1

    def test_of_an_id_twice_in_one_document_the_last_stays(self, ledger: Ledger) -> None:
        replaced = ledger.issues.replace_document("notes", "a.md", "d", [issue("1", fix="x"), issue("1", fix="y")])
        assert replaced == Replaced(added=1, doubled=1)
        assert ledger.issues.get("notes/1").fix == "y"

    def test_a_folder_is_learned_as_each_of_its_documents_would_be(self, ledger: Ledger, other: Ledger) -> None:
        first = {
            "a.md": ("1", issue("a", symptoms=("s",))),
            "b.md": ("1", issue("b")),
            "c.md": ("1", issue("b", fix="c")),
        }
        then = {"a.md": ("2", issue("renamed")), "b.md": ("1", issue("b")), "d.md": ("1", issue("a", fix="moved"))}
        for texts in (first, then, then):
            ledger.issues.replace_folder("notes", texts, at=NOON)
            for name, (digest, stated) in texts.items():
                other.issues.replace_document("notes", name, digest, [stated], at=NOON)
        assert list(ledger.issues.all()) == list(other.issues.all())
        assert ledger.issues.digests("notes") == other.issues.digests("notes")
        assert ledger.issues.patterns() == other.issues.patterns()
        for key in ("notes/b", "notes/a", "notes/renamed"):
            assert ledger.issues.origin(key).document == other.issues.origin(key).document
        assert {change.key for change in ledger.issues.changes(0)} == {change.key for change in other.issues.changes(0)}

    def test_a_folder_with_a_wrong_entry_is_not_learned_at_all(self, ledger: Ledger) -> None:
        with pytest.raises(InputError):
            ledger.issues.replace_folder("notes", {"a.md": ("1", issue("a")), "b.md": ("1", issue("b\x00"))})
        assert ledger.issues.count() == 0
        assert ledger.issues.digests("notes") == {}

    def test_vanished_documents_and_whole_sources_go(self, ledger: Ledger) -> None:
        for name in ("a.md", "b.md", "c.md"):
            ledger.issues.replace_document("notes", name, "d", [issue(name)])
        ledger.issues.put(issue("typed in"))
        assert ledger.issues.forget_documents("notes", {"b.md"}) == 2
        assert [i.id for i in ledger.issues.all()] == ["b.md", "typed in"]
        assert ledger.issues.remove_source("notes") == 2
        assert (ledger.issues.count(), ledger.issues.digest("notes", "b.md")) == (0, None)

    def test_nothing_is_half_written(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a.md", "d1", [issue("1")])
        with pytest.raises(InputError, match="NUL"):
            ledger.issues.replace_document("notes", "a.md", "d2", [issue("2"), issue("3\x00")])
        with pytest.raises(InputError, match="longer"):
            ledger.issues.put(issue("x" * 5000))
        with pytest.raises(ValueError, match="not of the source"):
            ledger.issues.replace_document("notes", "a.md", "d2", [issue("2", "elsewhere")])
        assert [i.id for i in ledger.issues.all()] == ["1"]
        assert (ledger.issues.revision(), ledger.issues.digest("notes", "a.md")) == (1, "d1")

    def test_what_no_database_takes_is_replaced(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "bad\udcff.md", "d", [issue("1", text="a\x00b\ud800c", fix="ok")])
        assert ledger.issues.get("notes/1").text == "a\ufffdb\ufffdc"
        assert ledger.issues.digest("notes", "bad\udcff.md") == "d"
        assert ledger.issues.forget_documents("notes", {"bad\udcff.md"}) == 0
        assert ledger.issues.many(["\udcff", "notes/1"]).keys() == {"notes/1"}
        assert ledger.issues.find("\x00\udcff") == []


class TestReading:
    def test_many_keeps_the_order_asked_and_leaves_out_what_is_not(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a", "d", [issue(str(n)) for n in range(1200)])
        keys = [f"notes/{n}" for n in range(1300, 0, -1)]
        assert list(ledger.issues.many(keys)) == [f"notes/{n}" for n in range(1199, 0, -1)]
        assert ledger.issues.many([]) == {}
        assert len({i.key for i in ledger.issues.all()}) == ledger.issues.count() == 1200
        assert ledger.issues.count(["notes"]) == 1200
        assert list(ledger.issues.all(["none"])) == []

    def test_get_of_nothing_is_not_found(self, ledger: Ledger) -> None:
        with pytest.raises(NotFound, match="'notes/none'"):
            ledger.issues.get("notes/none")
        with pytest.raises(NotFound):
            ledger.issues.origin("notes/none")

    def test_find_knows_what_a_person_means(self, ledger: Ledger) -> None:
        for id in ("torch_compile", "torchXcompile", "Torch"):
            ledger.issues.put(issue(id))
        assert ledger.issues.find("notes/torch_compile") == ["notes/torch_compile"]
        assert ledger.issues.find("Torch") == ["notes/Torch"]
        assert sorted(ledger.issues.find("tor")) == ["notes/Torch", "notes/torchXcompile", "notes/torch_compile"]
        assert ledger.issues.find("torch_") == ["notes/torch_compile"]
        assert ledger.issues.find("%") == []

    def test_state_is_kept(self, ledger: Ledger) -> None:
        assert ledger.state.get("watermark") is None
        ledger.state.set("watermark", "1")
        ledger.state.set("watermark", "2")
        assert ledger.state.get("watermark") == "2"
        ledger.state.remove("watermark")
        assert ledger.state.get("watermark") is None


class TestFollowing:
    def test_changes_tell_each_key_once_in_order(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a", "d1", [issue("1"), issue("2"), issue("3")])
        ledger.issues.replace_document("notes", "a", "d2", [issue("1"), issue("2", fix="new")])
        changes = ledger.issues.changes(0)
        assert [(c.key, c.issue is None) for c in changes] == [
            ("notes/1", False),
            ("notes/3", True),
            ("notes/2", False),
        ]
        assert [c.revision for c in changes] == [1, 4, 5]
        assert ledger.issues.revision() == 5
        assert ledger.issues.changes(5) == []

    def test_a_follower_in_small_steps_sees_what_is_there(self, ledger: Ledger) -> None:
        seen: dict[str, KnownIssue] = {}
        after = 0
        for step in range(1, 6):
            names = [str(n) for n in range(step, step + 10)]
            ledger.issues.replace_document("notes", "a", f"d{step}", [issue(n, fix=f"{step % 2}") for n in names])
            while changes := ledger.issues.changes(after, limit=3):
                for change in changes:
                    after = change.revision
                    if change.issue is None:
                        seen.pop(change.key, None)
                    else:
                        seen[change.key] = change.issue
        assert seen == {i.key: i for i in ledger.issues.all()}

    def test_what_returns_is_no_longer_removed(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"))
        assert ledger.issues.remove(["notes/1", "notes/none", "notes/1"]) == 1
        ledger.issues.put(issue("1"))
        assert [(c.revision, c.issue) for c in ledger.issues.changes(0)] == [(3, issue("1"))]

    def test_patterns_follow_their_issues(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a", "d1", [issue("1", symptoms=("b", "a")), issue("2")])
        ledger.issues.put(issue("3", "other", symptoms=("c",)))
        assert ledger.issues.patterns() == [("notes/1", "b"), ("notes/1", "a"), ("other/3", "c")]
        assert ledger.issues.patterns(["other"]) == [("other/3", "c")]
        assert ledger.issues.patterns([]) == []
        before = ledger.issues.patterns_revision()
        ledger.issues.put(issue("4"))
        assert ledger.issues.patterns_revision() == before
        ledger.issues.replace_document("notes", "a", "d2", [issue("1", symptoms=("z",))])
        after = ledger.issues.patterns_revision()
        assert after > before
        assert ledger.issues.patterns(["notes"]) == [("notes/1", "z")]
        ledger.issues.remove(["notes/1"])
        assert ledger.issues.patterns_revision() > after
        assert ledger.issues.patterns(["notes"]) == []


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


class TestOutcomes:
    def test_an_outcome_counts_at_once_and_is_told(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"))
        revision = ledger.issues.revision()
        seen = ledger.incidents.record(incident(), "-", Verdict.KNOWN, "notes/1", at=NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/1", None, at=NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/2", None, at=NOON + timedelta(1))
        assert ledger.issues.get("notes/1").standing == Standing(1, 0)
        assert ledger.issues.revision() == revision
        history = ledger.incidents.history(FINGERPRINT)
        assert history is not None
        assert history.fixed_by == "Title of 1"
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/1", "pip install x", at=NOON + timedelta(2))
        stored = ledger.incidents.last()
        assert stored.history.fixed_by == "pip install x"
        assert [o.kind for o in stored.outcomes] == [OutcomeKind.CONFIRMED, OutcomeKind.REJECTED, OutcomeKind.CONFIRMED]
        assert ledger.outcomes.for_incident(seen.incident_id) == stored.outcomes
        assert ledger.outcomes.verdicts(FINGERPRINT) == {"notes/1": 2, "notes/2": -1}
        assert next(ledger.outcomes.pairs()) == (FINGERPRINT, "notes/1", OutcomeKind.CONFIRMED)

    def test_an_outcome_of_nothing_is_not_found(self, ledger: Ledger) -> None:
        with pytest.raises(NotFound):
            ledger.outcomes.add("00000000", OutcomeKind.CONFIRMED, "notes/1", None)

    def test_standing_outlives_the_document(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a", "d1", [issue("1", standing=Standing(5, 0))])
        seen = ledger.incidents.record(incident(), "-", Verdict.KNOWN, "notes/1")
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/1", None)
        ledger.issues.replace_document("notes", "a", "d2", [issue("1", fix="new")])
        assert ledger.issues.get("notes/1").standing == Standing(5, 1)
        ledger.issues.put(ledger.issues.get("notes/1"))
        assert ledger.issues.get("notes/1").standing == Standing(5, 1)

    def test_what_was_said_of_an_issue_names_the_failure_it_was_said_of(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"))
        seen = ledger.incidents.record(incident(message="broken \x00 pipe"), "-", Verdict.KNOWN, "notes/1")
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/1", None, NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/2", "x", NOON)
        (said,) = ledger.outcomes.sayings(["notes/1", "notes/1", "notes/9"])
        assert said == Saying("notes/1", OutcomeKind.REJECTED, FINGERPRINT, "broken \ufffd pipe", NOON)
        assert ledger.outcomes.sayings([]) == []

    def test_an_origin_in_words_is_kept_and_moved(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"), NOON, "incident 1, confirmed by hand")
        assert ledger.issues.origin("notes/1").document == "incident 1, confirmed by hand"
        ledger.issues.put(issue("1", cause="later"), NOON, "incident 2, confirmed by hand")
        assert ledger.issues.origin("notes/1").document == "incident 2, confirmed by hand"
        assert ledger.issues.remove(["notes/1"]) == 1


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
