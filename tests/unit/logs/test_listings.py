"""What is shown rather than said (lists of files, rows, commits, statements) is no failure; what stands beside it is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mcp_rag.logs.failures import SURROUNDINGS, find_failures
from mcp_rag.logs.grammars.listings import is_listed


@dataclass(frozen=True)
class Lines:
    texts: list[str]


def _keys(*lines: str) -> list[str]:
    """The key lines of the failures found, surroundings aside, in the log's order."""
    found = [span for span in find_failures(Lines(list(lines))) if span.kind != SURROUNDINGS]
    return [lines[key - 1] for key in sorted(span.key or 0 for span in found)]


@pytest.mark.parametrize(
    "line",
    [
        "-rw-r--r-- 1 root root    2 Nov 27 19:31 segmentation fault (core dumped).log",
        "  inflating: u/Traceback (most recent call last).png  ",
        "        6  2026-11-27 19:31   connection refused.txt",
        "npm ERR! code ERESOLVE.txt                     2026-11-27 19:31:50            6",
        "t/fatal exception.txt",
        "test_many.py::test_handles_failure[connection refused] PASSED            [ 99%]",
        "--- PASS: TestDial/connection_refused (0.00s)",
        "ok 3 - segmentation fault is reported",
        "  ✓ connection refused is retried (3 ms)",
        "f896e4b fatal: drop python 2",
        "0679a13 (HEAD -> main) Fix segmentation fault in parser",
        "insert into log values (1,'ERROR','java.lang.OutOfMemoryError: Java heap space')",
        "select count(*) as failed from log where level='FATAL'",
        "- Fix segmentation fault when the index is empty",
        "fatal error checker..................................(no files to check)Skipped",
        "  3:1  warning  Unexpected console statement  no-console",
        "debug1: connect to address 10.0.0.1 port 22: Connection refused",
        "* connect to ::1 port 8000 from ::1 port 50000 failed: Connection refused",
        'src/c.py:77:        log.error("connection refused")',
        "If the pod fails with CrashLoopBackOff, see the notes. Error: ImagePullBackOff means a wrong name.",
    ],
)
def test_a_row_of_a_listing_is_no_failure(line: str) -> None:
    assert is_listed(line)
    assert _keys("start", line, "end") == []


@pytest.mark.parametrize(
    "line",
    [
        "  extracting: u/a.png   error: disk full",
        "--- FAIL: TestDial/connection_refused (0.00s)",
        "test_a.py::test_b[connection refused] FAILED   [ 99%]",
        "bin/loader failed to open settings.json",
        "src/main.c:3:1: fatal error: hdf5.h: No such file or directory",
        "./run.sh: line 3: 4242 Segmentation fault      (core dumped) ./app",
        "Segmentation fault (core dumped)",
        "fatal: not a git repository (or any of the parent directories): .git",
        "ERROR 1062 (23000) at line 1: Duplicate entry '1' for key 'PRIMARY'",
        "2026-11-19 10:00:07 FATAL out of memory",
        "1a2b3c4d ERROR payment failed: card declined",
        "9f8e7d6c [ERROR] payment failed",
        "9f8e7d6c error: payment failed",
        "error: 0.5 is above the tolerance",
    ],
)
def test_a_failure_that_looks_a_little_like_a_row_stays_one(line: str) -> None:
    assert not is_listed(line)
    assert _keys("start", line, "end") == [line]


PSQL = (
    " id |        subject        ",
    "----+-----------------------",
    "  1 | FATAL:  out of memory",
    "  2 | connection refused",
)


def test_rows_of_psql_are_shown_where_their_count_follows() -> None:
    assert _keys(*PSQL, "(2 rows)", "") == []
    assert _keys(*PSQL, "psql: error: server closed the connection") != []


def test_what_fails_behind_the_rows_is_found() -> None:
    assert _keys(*PSQL, "(2 rows)", "", 'ERROR:  relation "users" does not exist') == [
        'ERROR:  relation "users" does not exist'
    ]


FRAMED = ("+----+-------+", "| id | level |", "+----+-------+", "|  1 | java.lang.OutOfMemoryError: Java heap space |")


def test_rows_in_a_frame_are_shown_where_the_frame_closes() -> None:
    assert _keys(*FRAMED, "+----+-------+", "1 row in set (0.000 sec)") == []
    assert _keys(*FRAMED, "ERROR 2013 (HY000): Lost connection to MySQL server during query") != []


def test_an_error_ends_the_list_of_files_of_rsync() -> None:
    names = ("sending incremental file list", "fatal exception.txt", "panic: runtime error.md")
    assert _keys(*names, "", "sent 485 bytes  received 115 bytes  1,200.00 bytes/sec") == []
    broken = "rsync: [sender] write error: Permission denied (13)"
    assert broken in _keys(*names, broken, "rsync error: error in socket IO (code 10) at io.c(829)")


@pytest.mark.parametrize(
    "line",
    [
        "LOG_LEVEL=ERROR",
        "Failed requests:        0",
        "Total: 0 (UNKNOWN: 0, LOW: 0, MEDIUM: 0, HIGH: 0, CRITICAL: 0)",
        "2026-11-27 10:00:00.1: W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] Warning: Could not find TensorRT",
        "2026-11-27 10:00:00.1: E external/local_xla/xla/cuda_fft.cc:485] Unable to register cuFFT factory: Attempting to "
        "register factory for plugin cuFFT when one has already been registered",
    ],
)
def test_settings_counts_of_nothing_and_known_noise_are_no_failures(line: str) -> None:
    assert _keys("start", line, "end") == []


def test_what_ansible_is_told_to_ignore_is_no_failure() -> None:
    failed = (
        'fatal: [web1]: FAILED! => {"changed": false, "msg": "Could not find the requested service olddaemon: host"}'
    )
    assert _keys("TASK [web : check] ***", failed, "...ignoring", "TASK [web : next] ***") == []
    assert _keys("TASK [web : check] ***", failed, "TASK [web : next] ***", "...ignoring") == [failed]
    assert _keys(failed, "PLAY RECAP ***", "web1 : ok=3 changed=1 unreachable=0 failed=1 skipped=0 ignored=0") == [
        failed
    ]


def test_wget_at_one_of_several_addresses_is_no_failure() -> None:
    tried = "Connecting to example.org (example.org)|93.184.216.34|:443... failed: Connection timed out."
    reached = "Connecting to example.org (example.org)|93.184.216.35|:443... connected."
    assert _keys(tried, reached) == []
    assert _keys(*(f"2026-11-27T20:00:00.1234567Z {line}" for line in (tried, reached))) == []
    assert _keys(tried) == [tried]


def test_subjects_of_commits_are_shown() -> None:
    log = (
        "commit " + "f896e4b7ba" * 4,
        "Author: dev <d@x>",
        "Date:   Fri Nov 27 19:32:17 2026",
        "",
        "    fatal: drop python 2",
        "",
    )
    assert _keys(*log, " f | 1 +", " 1 file changed, 1 insertion(+)") == []
    assert _keys(*log, "fatal: your current branch is broken") == ["fatal: your current branch is broken"]


TRIED = "2026-11-27 19:31:55 ERROR Retrying get in 2 seconds as it raised ConnectionError: Connection reset by peer."


@pytest.mark.parametrize("done", ["shard-7 downloaded after 3 attempts", "redis reachable after 1 retry"])
def test_a_try_that_then_succeeded_is_no_failure(done: str) -> None:
    assert _keys(TRIED, TRIED, done) == []


@pytest.mark.parametrize(
    "last", ["shutting down", "ConnectionError: Max retries exceeded with url: /x", "still waiting"]
)
def test_a_try_of_which_no_success_is_told_stays_a_failure(last: str) -> None:
    assert _keys(TRIED, TRIED, last) != []


@pytest.mark.parametrize("later", ["redis reachable after 2 attempts", "health check passed"])
def test_what_went_well_later_hides_no_other_failure(later: str) -> None:
    failed = "2026-11-27 19:31:55 ERROR orders: order 7 has no customer"
    assert _keys(failed, later) == [failed]


POLLED = "curl: (22) The requested URL returned error: 503"


def test_a_loop_that_waits_until_its_server_answers_is_no_failure() -> None:
    assert _keys(POLLED, POLLED, "ready") == []
    assert _keys(POLLED, POLLED, "giving up") == [POLLED]
    assert _keys(POLLED, "ready") == [POLLED], "once: nothing says that it was asked again"


def test_a_success_before_the_last_try_does_not_count() -> None:
    assert _keys("shard-6 downloaded after 2 attempts", TRIED) != []


CAUGHT = (
    "Traceback (most recent call last):",
    '  File "test_a.py", line 3, in test_a',
    "    raise ValueError('boom')",
    "ValueError: boom",
)


def test_unittest_that_ran_well_outweighs_what_its_tests_logged() -> None:
    assert _keys(*CAUGHT, "ok", "", "-" * 70, "Ran 3 tests in 0.001s", "", "OK") == []
    assert _keys(*CAUGHT, "OK") == ["ValueError: boom"]
    assert _keys(*CAUGHT, "", "-" * 70, "Ran 3 tests in 0.001s", "", "FAILED (errors=1)") != []


def test_a_worker_of_nginx_that_ends_well_says_nothing_of_what_it_refused() -> None:
    refused = "2026/11/27 19:40:31 [error] 11362#11362: *1 upstream timed out (110: Connection timed out)"
    assert _keys(refused, "2026/11/27 19:40:32 [notice] 11360#11360: worker process 11362 exited with code 0") == [
        refused
    ]


def test_a_message_below_an_empty_line_belongs_to_its_exception() -> None:
    log = (
        *CAUGHT[:3],
        "openai.lib._old_api.APIRemovedInV1: ",
        "",
        "You tried to access openai.ChatCompletion, but this is gone",
        "",
    )
    (span,) = [s for s in find_failures(Lines(list(log))) if s.kind != SURROUNDINGS]
    assert span.last == 6


def test_a_line_that_begins_with_its_severity_is_a_record() -> None:
    assert _keys("epoch 12/12 val_f1 0.781", "ERROR model gate: val_f1 0.781 is below the baseline") != []


HUNK = [
    "@@ -1,3 +1,3 @@",
    "-E100 disk failure (CRITICAL)",
    "-E200 ok",
    "+E100 FATAL disk failure",
    "+E201 panic: kernel",
    " ERROR: everything failed",
]


def test_a_hunk_of_a_diff_is_shown_as_far_as_its_head_counts() -> None:
    assert _keys("diff --git a/errors.txt b/errors.txt", *HUNK) == []
    assert _keys(*HUNK, "ERROR: the registry is down") == ["ERROR: the registry is down"]
    assert _keys(*HUNK[:-1], "ERROR: everything failed") != []  # no line of a diff begins so
    unended = [*HUNK[:3], "\\ No newline at end of file", *HUNK[3:], "\\ No newline at end of file"]
    assert _keys(*unended, "ERROR: the registry is down") == ["ERROR: the registry is down"]
    assert _keys("@@ -0,0 +1 @@", "+FATAL: the disk is full", "saved") == []
    assert _keys(f"@@ -1,{'9' * 5_000} +1 @@", "FATAL: the disk is full") == ["FATAL: the disk is full"]


def test_what_a_script_says_it_expected_is_no_failure() -> None:
    assert _keys("resolver not running before start (expected)") == []
    assert _keys("resolver not running before start (expected a running one)") != []
