"""Real processes on one ledger: killed at any point, and writing at the same time."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_places import PLACES, empty_place
from ledger_writer import DOCUMENTS, ENTRIES, SHARED

from mcp_rag.ledger import Ledger
from mcp_rag.records import KnownIssue

WRITER = Path(__file__).with_name("ledger_writer.py")


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_place(request.param, tmp_path) as url:
        yield url


def start(url: str, name: str, first: int, count: int, *kill_at: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), url, name, str(first), str(count), *map(str, kill_at)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def acknowledged(output: str) -> list[int]:
    """The numbers of the whole lines: a number that a kill cut short was not said."""
    return [int(line) for line in output.split("\n")[:-1]]


def check_whole(ledger: Ledger, name: str, last: int) -> int:
    """Every document of ``name`` says one thing, whole, and none less than was acknowledged; the latest number."""
    by_document: defaultdict[str, list[KnownIssue]] = defaultdict(list)
    for issue in ledger.issues.all([name]):
        by_document[ledger.issues.origin(issue.key).document].append(issue)
    digests = ledger.issues.digests(name)
    assert set(by_document) == set(digests)
    latest = -1
    for document, entries in by_document.items():
        number = int(digests[document] or -1)
        places = range(number % 3, number % 3 + ENTRIES)
        assert {entry.id for entry in entries} == {f"{document}-{place}" for place in places}
        assert {entry.fix for entry in entries} == {f"{number}"}
        latest = max(latest, number)
    for number in range(max(0, last - DOCUMENTS + 1), last + 1):
        assert int(digests[f"{number % DOCUMENTS}"] or -1) >= number
    assert latest in (last, last + 1)
    assert len(ledger.issues.patterns([name])) == ledger.issues.count([name])
    changes = [change for change in ledger.issues.changes(0, 10_000) if change.key.startswith(f"{name}/")]
    assert sum(change.issue is not None for change in changes) == ledger.issues.count([name])
    return latest


def check_counts(ledger: Ledger, least: int, most: int) -> None:
    """Sightings and outcomes of the shared incident are between what was acknowledged and what was begun."""
    history = ledger.incidents.history(SHARED.fingerprint)
    seen = history.count if history else 0
    confirmed = ledger.outcomes.verdicts(SHARED.fingerprint).get("shared/issue", 0)
    assert least <= confirmed <= seen <= most


def test_what_was_acknowledged_outlives_kills_at_random_points(url: str) -> None:
    chance = random.Random(20261012)
    last, begun, acks = -1, 0, 0
    for _ in range(10):
        child = start(url, "kills", last + 1, 1_000_000)
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 8))]
        # Somewhere within the next write: the wait decides only where, not whether the test holds.
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(chance.random() * 0.02)
        child.kill()
        rest, fault = child.communicate()
        said = acknowledged("".join(lines) + rest)
        assert said, fault
        acks += len(said)
        begun += len(said) + 1
        with Ledger.open(url) as ledger:
            last = check_whole(ledger, "kills", said[-1])
            check_counts(ledger, acks, begun)
    assert acks >= 10
    _check_file(url)


@pytest.mark.parametrize("statement", [9, 16, 24, 27, 35, 37, 39, 44, 45, 49])
def test_a_kill_between_two_statements_leaves_all_or_nothing(url: str, statement: int) -> None:
    child = start(url, "kills", 0, 100, statement)
    output, fault = child.communicate(timeout=120)
    assert child.returncode == -9, fault
    with Ledger.open(url) as ledger:
        said = acknowledged(output)
        check_whole(ledger, "kills", said[-1] if said else -1)
        check_counts(ledger, len(said), len(said) + 1)
    again = start(url, "kills", 0, 6)
    output, fault = again.communicate(timeout=120)
    assert (again.returncode, acknowledged(output)) == (0, list(range(6))), fault
    with Ledger.open(url) as ledger:
        check_whole(ledger, "kills", 5)
    _check_file(url)


@pytest.mark.parametrize("writers", [2, 4])
def test_processes_that_write_together_lose_and_double_nothing(url: str, writers: int) -> None:
    """They also create the ledger together; meanwhile a follower reads every change."""
    count = 12
    children = [start(url, f"writer{number}", 0, count) for number in range(writers)]
    seen: dict[str, KnownIssue] = {}
    after = 0
    with Ledger.open(url) as ledger:
        while any(child.poll() is None for child in children):
            after = follow(ledger, seen, after)
        for child in children:
            output, fault = child.communicate()
            assert (child.returncode, acknowledged(output)) == (0, list(range(count))), fault
        after = follow(ledger, seen, after)
        assert after == ledger.issues.revision()
        assert seen == {issue.key: issue for issue in ledger.issues.all()}
        for number in range(writers):
            check_whole(ledger, f"writer{number}", count - 1)
        check_counts(ledger, writers * count, writers * count)
        stored = ledger.incidents.last()
        assert len(stored.outcomes) == stored.history.count == writers * count
    _check_file(url)


def follow(ledger: Ledger, seen: dict[str, KnownIssue], after: int) -> int:
    for change in ledger.issues.changes(after, 50):
        assert change.revision > after
        after = change.revision
        if change.issue is None:
            seen.pop(change.key, None)
        else:
            seen[change.key] = change.issue
    return after if not ledger.issues.changes(after, 1) else follow(ledger, seen, after)


def _check_file(url: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
