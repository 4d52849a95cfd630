"""Known issues: documents taken in, read back, and followed by the index; held by SQLite and PostgreSQL alike."""

from __future__ import annotations

import pytest
from ledger_samples import FULL, NOON, issue

from mcp_rag.errors import InputError, NotFound
from mcp_rag.ledger import Ledger, Replaced
from mcp_rag.records import (
    KnownIssue,
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
