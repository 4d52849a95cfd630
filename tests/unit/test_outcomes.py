"""What a confirmed or rejected fix does to the next log: the same failure is answered, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from outcome_bench import FIX, Bench

from mcp_rag import librarian
from mcp_rag.knowledge.incident_search import search_incidents
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.patterns import compile_symptom, symptom_of
from mcp_rag.knowledge.votes import CONFIRMED, HALF_LIFE, decayed
from mcp_rag.logs.telling import is_telling
from mcp_rag.records import Excerpt, KnownIssue, OutcomeKind, Verdict


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with made.ledger:
        yield made


PYTHON = """\
2026-05-01 10:00:01 starting tariff job 17
Traceback (most recent call last):
  File "/srv/app/tariffs/load.py", line 41, in load
    raise TariffError(f"tariff table for 2026-05 has 0 of 31 days in /data/tariffs/2026-05.parquet")
tariffs.errors.TariffError: tariff table for 2026-05 has 0 of 31 days in /data/tariffs/2026-05.parquet
"""
PYTHON_AGAIN = """\
+ python3.12 -m tariffs.load --month 2027-11
WARNING retrying once
Traceback (most recent call last):
  File "C:\\\\work\\\\tariffs\\\\cli.py", line 9, in <module>
    main()
  File "C:\\\\work\\\\tariffs\\\\load.py", line 66, in load
    raise TariffError(message)
tariffs.errors.TariffError: tariff table for 2027-11 has 12 of 30 days in /mnt/x/tariffs/2027-11.parquet
error: job 99 stopped
"""
MAKE = """\
make[2]: Entering directory '/build/r1'
licence check: seat 4 of 4 is taken on host lic-1.example.org since 09:13:22, giving up
make[2]: *** [Makefile:12: licence] Error 3
"""
MAKE_AGAIN = """\
[14:01:02] step 7
make: Entering directory '/home/ci/other/build'
licence check: seat 16 of 16 is taken on host lic-1.example.org since 23:59:01, giving up
make: *** [Makefile:48: licence] Error 3
"""
NODE = """\
/srv/web/node_modules/@acme/flags/index.js:88
    throw new FlagError(`flag set 4711 is frozen until release 3.2.1`)
    ^

FlagError: flag set 4711 is frozen until release 3.2.1
    at load (/srv/web/node_modules/@acme/flags/index.js:88:11)
    at Object.<anonymous> (/srv/web/app.js:3:1)

Node.js v20.11.0
"""
NODE_AGAIN = """\
> web@9.9.9 start
/home/u/w/node_modules/@acme/flags/index.js:102
FlagError: flag set 12 is frozen until release 10.0.0
    at load (/home/u/w/node_modules/@acme/flags/index.js:102:9)
    at main (/home/u/w/server.js:77:5)

Node.js v24.1.0
"""


@pytest.mark.parametrize(
    ("first", "again"), [(PYTHON, PYTHON_AGAIN), (MAKE, MAKE_AGAIN), (NODE, NODE_AGAIN)], ids=["python", "make", "node"]
)
def test_a_confirmed_fix_answers_the_same_failure_with_other_numbers_paths_and_surroundings(
    bench: Bench, first: str, again: str
) -> None:
    assert bench.diagnose(again).verdict is Verdict.UNKNOWN
    bench.confirm(first)
    found = bench.diagnose(again)
    assert (found.verdict, found.fix and found.fix.text) == (Verdict.KNOWN, FIX)


NEAR = {
    "another sentence of the same error": PYTHON.replace("has 0 of 31 days in", "is older than its index by 3 days in"),
    "another table": PYTHON.replace("tariff table", "holiday table"),
    "one word more": PYTHON.replace("has 0 of 31 days", "has 0 of 31 working days"),
    "another error of the same place": PYTHON.replace(
        "tariffs.errors.TariffError: tariff table for 2026-05 has 0 of 31 days in /data/tariffs/2026-05.parquet",
        "PermissionError: [Errno 13] Permission denied: '/data/tariffs/2026-05.parquet'",
    ),
    "the same exit, another cause": MAKE.replace(
        "licence check: seat 4 of 4 is taken", "licence check: key 4 of 4 is void"
    ),
    "only the exit": "make: *** [Makefile:12: licence] Error 3\n",
}


@pytest.mark.parametrize("near", NEAR)
def test_a_confirmed_fix_answers_nothing_else(bench: Bench, near: str) -> None:
    bench.confirm(PYTHON)
    bench.confirm(MAKE)
    assert bench.diagnose(NEAR[near]).verdict is Verdict.UNKNOWN


SLIP = """\
Traceback (most recent call last):
  File "/srv/app/{file}.py", line {line}, in {function}
    order.total
AttributeError: 'NoneType' object has no attribute 'total'
"""


def test_a_sentence_that_says_nothing_of_its_place_answers_in_the_same_place_alone(bench: Bench) -> None:
    bench.confirm(SLIP.format(file="orders", line=3, function="bill"), "Load the order before it is billed.")
    assert bench.diagnose(SLIP.format(file="orders", line=99, function="bill")).verdict is Verdict.KNOWN
    assert bench.diagnose(SLIP.format(file="carts", line=3, function="sum_up")).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("template", "telling"),
    [
        ("No module named 'torch'", True),
        ("ModuleNotFoundError: No module named 'torch'", True),
        ("tariff table for <time> has <num> of <num> days in <path>", True),
        ("Process completed with exit code <num>.", False),
        ("Error: Process completed with exit code <num>.", False),
        ("make: *** [Makefile:<num>: all] Error <num>", False),
        ("KeyError: 'amount'", False),
        ("TypeError: Cannot read properties of undefined (reading 'length')", False),
        ("panic: runtime error: invalid memory address or nil pointer dereference", False),
        ("Segmentation fault (core dumped)", False),
        ("bash: line <num>: <path>: No such file or directory", False),
        ("TypeError: unsupported operand type(s) for +: 'int' and 'str'", False),
    ],
)
def test_a_sentence_is_telling_by_its_own_words(template: str, telling: bool) -> None:
    assert is_telling(template) is telling


def test_braces_of_a_message_are_no_parts_that_vary() -> None:
    symptom = symptom_of("template {name} of <path> is not rendered, see <url>")
    pattern = compile_symptom(symptom)
    assert pattern.match([Excerpt(1, "x template {name} of /a/b is not rendered, see http://h/1")]) is not None
    assert pattern.match([Excerpt(1, "x template other of /a/b is not rendered, see http://h/1")]) is None


def test_the_origin_of_what_was_learned_is_named(bench: Bench) -> None:
    bench.confirm(MAKE)
    (issue,) = bench.ledger.issues.all([CONFIRMED])
    assert bench.ledger.issues.origin(issue.key).document == f"incident {issue.id}, confirmed by the test"
    assert issue.id in issue.cause
    assert "the test" in issue.cause


ISSUE = KnownIssue(
    "seat", "notes", "A licence seat is taken", ("licence check: seat {n} of {m} is taken on host {h} since {t}, giving up",),
    cause="All seats are in use.", fix="Free one.",
)  # fmt: skip


def test_a_rejection_ranks_the_issue_down_for_a_failure_like_it_and_fades(bench: Bench) -> None:
    bench.ledger.issues.put(ISSUE)
    assert bench.diagnose(MAKE).verdict is Verdict.KNOWN
    like_it = MAKE.replace("giving up", "giving up for good")
    before = bench.diagnose(like_it)
    assert before.verdict is Verdict.KNOWN
    bench.diagnose(MAKE)
    librarian.record_outcome(bench.ledger, "last", OutcomeKind.REJECTED)
    here, alike = bench.diagnose(MAKE), bench.diagnose(like_it)
    assert (here.verdict, alike.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert "its fix was rejected for this failure" in here.evidence[0].reasons
    assert "its fix was rejected for a failure like this one" in alike.evidence[0].reasons
    other = bench.diagnose("licence check: seat 1 of 2 is taken on host a since 1, giving up\nmake: *** [x] Error 1\n")
    assert alike.evidence[0].confidence <= other.evidence[0].confidence
    bench.now += 12 * HALF_LIFE
    assert bench.diagnose(like_it).verdict is Verdict.KNOWN


def test_a_later_confirmation_outweighs_an_older_rejection(bench: Bench) -> None:
    bench.ledger.issues.put(ISSUE)
    bench.diagnose(MAKE)
    incident = bench.ledger.incidents.last()
    bench.ledger.outcomes.add(incident.id, OutcomeKind.REJECTED, ISSUE.key, None, bench.now - 2 * HALF_LIFE)
    bench.ledger.outcomes.add(incident.id, OutcomeKind.CONFIRMED, ISSUE.key, None, bench.now)
    found = bench.diagnose(MAKE)
    assert (found.verdict, found.confidence) == (Verdict.KNOWN, 0.98)
    assert found.evidence[0].reasons[0] == "its fix was confirmed for this failure (1×)"


def test_what_was_said_counts_half_after_a_half_life() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert decayed(now, now) == 1.0
    assert decayed(now - HALF_LIFE, now) == 0.5
    assert decayed(now + timedelta(days=3), now) == 1.0  # another machine's clock


def test_incidents_are_found_by_what_they_said(bench: Bench) -> None:
    index = MemoryIndex(bench.embedder.name, bench.embedder.dimension)

    def search(text: str) -> list[str]:
        librarian.follow_incidents(bench.ledger, index, bench.embedder, "memory", nullcontext())
        found = search_incidents(text, 3, bench.ledger, index, bench.embedder)
        return [one.stored.incident.message for one in found]

    assert search("licence seat taken") == []
    for log in (PYTHON, MAKE, NODE, MAKE_AGAIN):
        bench.diagnose(log)
    assert search("licence seat taken")[0].startswith("licence check: seat")
    assert "tariff table" in search("tariff table days parquet")[0]
    index.delete([stored.id for stored in bench.ledger.incidents.list()])  # an index that was thrown away
    assert len(search("frozen flag")) == 3
