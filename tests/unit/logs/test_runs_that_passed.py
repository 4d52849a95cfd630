"""Runs that passed, whatever their warnings, tests and tables say; the same lines in a run that failed are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from mcp_rag.logs.failures import SURROUNDINGS, find_failures


@dataclass(frozen=True)
class Lines:
    texts: list[str]


def _keys(text: str) -> list[str]:
    """The key lines of the failures found, surroundings aside, in the log's order."""
    lines = text.split("\n")
    found = [span for span in find_failures(Lines(lines)) if span.kind != SURROUNDINGS]
    return [lines[key - 1] for key in sorted(span.key or 0 for span in found)]


TRACE = """Traceback (most recent call last):
  File "hpo.py", line 7, in objective
    raise ValueError("loss is nan")
ValueError: loss is nan"""

SESSION = """============================= test session starts ==============================
test_a.py::test_logs
------------------------------ live log call -------------------------------
ERROR    w:test_a.py:4 worker crashed
Traceback (most recent call last):
  File "test_a.py", line 3, in test_logs
    1 / 0
ZeroDivisionError: division by zero
PASSED
"""

RESCUED = """TASK [Might fail] ***
[ERROR]: Task failed: Module failed: non-zero return code
fatal: [localhost]: FAILED! => {"changed": true, "cmd": ["ls", "/nope"], "msg": "non-zero return code", "rc": 2}

TASK [Recover] ***
ok: [localhost]

PLAY RECAP ***
localhost                  : ok=4    changed=3    unreachable=0    failed=%d    skipped=1    rescued=%d    ignored=0"""

RESOLVED = """Installing collected packages: idna
ERROR: pip's dependency resolver does not currently take into account all the packages that are installed. This behaviour \
is the source of the following dependency conflicts.
tensorboard 2.21.0 requires absl-py>=0.4, which is not installed."""

PASSING = [
    "FAIL: fallback used\n  2 passing (294ms)\n  1 pending",
    "Error: render failed\n    at a.test.ts:2:54\n      Tests  2 passed | 1 skipped (3)",
    "Error: request failed with status 500\nTests:       1 skipped, 1 todo, 3 passed, 5 total",
    "PHP Fatal error:  simulated\nOK (4 tests, 2 assertions)",
    "Error\nOK, but incomplete, skipped, or risky tests!",
    "optional check failed\n  congratulations :) (31.10 seconds)",
    f"[W 2026-11-27 22:50:31,259] Trial 5 failed with parameters: {{}}\n{TRACE}\n[I 2026-11-27 22:50:31,270] Trial 7 pruned."
    + "".join(f"\n[I 2026-11-27 22:50:3{n},270] Trial {n + 6} finished with value: 0.{n}" for n in range(2, 6)),
    "M.hs:2:1: warning: [-Wunused-imports]\n    The import of ‘Data.List’ is redundant\n  |\nLinking M ...",
    "2026-11-27 23:08:59 0 [Warning] failed to retrieve the MAC address",
    "2026-11-27 23:08:59 0 [Note] server_uid unknown as process 5507",
    'time=2026-11-27T10:00:00Z level=info msg="chaos: injecting fault: connection refused to db"',
    "adduser: Warning: The home dir /nonexistent you specified can't be accessed: No such file or directory",
    "Total issues (by severity):\n\t\tUndefined: 0\n\t\tLow: 2",
    "Expected Fail:      1   \nUnexpected Pass:    0   ",
    "metadata:\n  name: failed-cleanup",
    "* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n* ALPN: server accepted h2\n> GET / HTTP/2\n< HTTP/2 200\n"
    "* Connection #0 to host a.test left intact",
    "FAILED - RETRYING: [localhost]: Wait for service (3 retries left).\nchanged: [localhost]",
    "log /var/log/error.log.4.gz doesn't exist -- won't try to dispose of it",
    "Residual standard error: 15.38 on 48 degrees of freedom",
    "Warning message:\nresiduals failed normality test (p = 0.03)",
    "AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1.",
    'Server b/a is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms.'
    " 0 active and 1 backup servers left. Running on backup.",
    RESCUED % (0, 1),
    RESOLVED + "\nSuccessfully installed idna-3.20",
    "/lib/sklearn/_validation.py:493: FitFailedWarning: \n3 fits failed out of a total of 6.\n"
    + TRACE
    + "\n\n  warnings.warn(msg, W)",
    "Previous HEAD position was ceba047 fix: failed refund error handling\nHEAD is now at 1c2d3e4 cannot fail: done",
    "* c3b6139 error: branch not found\n* 6467521 2026-10-02 avoid segmentation fault of search",
    "+ grep -q fatal: logs/error-5.log\n+ echo fatal\nrotated 3 logs",
    "│ level  ┆ count │\n│ fatal: ┆ 40    │\n│ error: ┆ 41    │",
    "data:\n  fatal: panic|killed\n  retries: 3",
    "error rate 0.022, limit 0.100\nerror count: 0\nmodel promoted",
    "caught: fatal: disk\nimported 40, failed 0\nsaved",
    "attempt 1/5 failed: Error: connect ECONNREFUSED 127.0.0.1:9 - retrying in 20 ms\nrates are here\ndone: 2 stored",
    "Time: 0.047\njava.lang.IllegalStateException: expected in this test\n\tat a.B.c(B.java:3)\n\nOK (3 tests)",
    "TASK [Exit code 3 means not found] ***\nok: [localhost]\nPLAY RECAP ***\nlocalhost : ok=5 failed=0 rescued=1",
]

FAILING = [
    "evaluating 3 routes\naccuracy 0.894 of 0.900\nGATE: intent-router not promoted: weighted accuracy is low",
    "attempt 5/5 failed: Error: connect ECONNREFUSED 127.0.0.1:9\nrates are not here",
    "attempt 1/5 failed: Error: connect ECONNREFUSED 127.0.0.1:9 - retrying in 20 ms",
    "+ bin/deploy\nfatal: no such release",
    "caught nothing\nfatal: disk",
    "12 ERROR the import failed\n13 stopped",
    "request failed with 0 retries left\nbye",
    "loss 0.31\nerror rate 0.31 exceeds the limit of 0.1",
    "Warning message:\nNAs introduced by coercion\nError in fit(1) : no data\nExecution halted",
    "Warning message:\nlog4j: no appenders\njava.lang.IllegalStateException: queue gone\n\tat a.B.c(B.java:3)",
    "  2 passing (294ms)\n  1 failing\n\n  1) cart sums:\n     AssertionError: expected 5 to equal 6",
    "Error: render failed\n    at a.test.ts:2:54\n      Tests  1 failed | 2 passed (3)",
    "Error: request failed with status 500\nTests:       1 failed, 3 passed, 4 total",
    f"2026-11-27 22:50:31 ERROR trial 5\n{TRACE}\n2026-11-27 22:50:32 INFO closing",
    f"[W 2026-11-27 22:50:31,259] Trial 5 failed\n{TRACE}",
    f"WARNING: nothing to see here\n{TRACE}\n2026-11-27 22:50:32 INFO closing",
    f"2026-11-27 22:50:31 WARNING disk is slow\n{TRACE}\ngoodbye",
    f"a.py:3: UserWarning: old\n  charge(10)\n{TRACE}\nb.py:4: UserWarning: old\n  warnings.warn(x)",
    f"a.py:3: UserWarning: old\n{TRACE}\nb.py:4: UserWarning: old\n  warnings.warn(x)",
    "M.hs:2:1: error: [GHC-88464]\n    Variable not in scope: g\n  |",
    RESCUED % (1, 0),
    RESOLVED,
    SESSION + "========================= 1 failed, 1 passed in 0.1s =========================",
    "Server b/a is DOWN, reason: Layer4 timeout. 0 active and 0 backup servers left. Connection refused",
    "FAILED: bundle 7",
    "fail: Acme.Web.Worker[0]\n      queue gone",
    "F401 [*] `os` imported but unused\n --> a.py:2:8\n  |\nFound 1 error.",
    "Would reformat: a.py\n1 file would be reformatted",
    "  Could not find a version that satisfies the requirement fastapi>=0.110 (from versions: 0.1.0)\n"
    "No matching distribution found for fastapi>=0.110",
]


@pytest.mark.parametrize(
    "text", [*PASSING, SESSION + "======================= 1 passed in 0.10s ======================="]
)
def test_a_run_that_passed_shows_no_failure(text: str) -> None:
    assert _keys("start\n" + text) == []


@pytest.mark.parametrize("text", FAILING)
def test_the_same_words_in_a_run_that_failed_are_found(text: str) -> None:
    assert _keys("start\n" + text)


def test_what_tests_that_passed_logged_is_no_failure_of_a_later_run() -> None:
    broken = "_________ test_b _________\n\nE       fixture 'client' not found\n=== 1 error in 0.1s ==="
    assert _keys(SESSION + "=== 1 passed in 0.10s ===\n" + broken)[0] == "E       fixture 'client' not found"


def test_an_ordinary_warning_of_python_stays_a_warning() -> None:
    assert _keys("a.py:3: DeprecationWarning: old\n  charge(10)\nValueError: no money")[-1] == "ValueError: no money"


def test_a_step_of_ninjas_is_no_cause() -> None:
    cause = "a.c:1:1: error: unknown type name ‘x’"
    lines = ["[1/2] Building a.o", "FAILED: a.o ", "/usr/bin/cc -c a.c -o a.o", cause, "ninja: build stopped: failed."]
    assert lines[(find_failures(Lines(lines))[0].key or 0) - 1] == cause


class Counted(list[str]):
    """Lines that count how often one of them is looked at."""

    looked_at = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.looked_at += len(found) if isinstance(place, slice) else 1
        return found


@pytest.mark.parametrize(
    "again",
    [
        ["fatal: [web1]: FAILED! => {}"],
        ["=== test session starts ==="],
        ["=== test session starts ===", "= " + "1 a " * 40 + "="],
        ["a.py:3: UserWarning: old", "  charge(10)", "b"],
        ["ERROR: pip's dependency resolver does not currently take", "a 1 requires b"],
        ["2026-11-27 22:50:31 WARNING trial", *TRACE.split("\n"), "2026-11-27 22:50:32 INFO closing"],
    ],
)
def test_lines_made_to_be_looked_through_again_are_looked_at_a_few_times(again: list[str]) -> None:
    looked_at = []
    for times in (100, 1_000):
        lines = Counted(again * times)
        find_failures(Lines(lines))
        looked_at.append(lines.looked_at / times)
    assert looked_at[1] < 1.5 * looked_at[0]
