"""Whether a log failed at all: general properties, told of tools that do not exist."""

from __future__ import annotations

import math
from typing import Any

import pytest
from outcome_samples import CRASH, STEPS, chance_of

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log
from mcp_rag.logs.outcome import ENDED_WELL, THRESHOLD, UNTOLD, any_of, chance, weights
from mcp_rag.logs.outcome_blocks import FIRST_OF_ROLE, LAST_BLOCKS, LAST_OF_ROLE, ROLES, judged
from mcp_rag.logs.outcome_features import MOST_LINES, NAMES, features


def test_a_crash_at_the_end_fails() -> None:
    assert chance_of(*STEPS, *CRASH) > 0.9


def test_the_same_crash_below_a_warning_of_a_program_that_went_on_and_ended_well_is_clean() -> None:
    records = [f"2026-11-27 10:00:{second:02} INFO mill: sack {second} is ground" for second in range(20)]
    warned = "2026-11-27 10:00:05 WARNING mill: sack 5 is put back"
    ended = "2026-11-27 10:00:21 INFO mill: finished, 20 sacks are ready"
    assert chance_of(*records[:5], warned, *CRASH, *records[5:], ended) < THRESHOLD
    assert chance_of(*records[:5], warned.replace("WARNING", "ERROR"), *CRASH) > THRESHOLD


@pytest.mark.parametrize(
    "told",
    [
        ["2026-11-27 10:00:05 ERROR mill: sack 5 raised", *CRASH],
        CRASH,
        ["2026-11-27 10:00:05,123 CRITICAL mill: the hopper is on fire"],
        ["2026-11-27 10:00:05 http: panic serving 10.0.0.3:5: runtime error: index out of range [3] with length 3"],
        ["2026/11/27 10:00:05 [error] 7#7: *3 connect() failed (111: Connection refused) while grinding"],
        ['{"level": "error", "msg": "grinding failed", "at": "10:00:05"}'],
    ],
)
def test_a_service_failed_however_long_it_goes_on_after_an_error_that_it_logs_or_an_exception(told: list[str]) -> None:
    records = [f"2026-11-27 10:00:{second:02} INFO mill: sack {second} finished, ok" for second in range(40)]
    assert chance_of(*records[:5], *told, *records[5:]) == 1.0


def test_an_exception_is_weighed_where_the_run_says_in_the_end_that_all_went_well_and_certain_elsewhere() -> None:
    fetched = [f"region {number} fetched" for number in range(8)]
    told = ["region 3 could not be fetched, once more", *CRASH]
    assert chance_of(*fetched[:3], *told, *fetched[3:], "8 of 8 regions fetched, table written") < THRESHOLD
    assert chance_of(*fetched[:3], *told, *fetched[3:], "7 of 8 regions fetched, 1 missing") > THRESHOLD
    assert chance_of(*fetched[:3], *told, *fetched[3:]) == 1.0
    assert chance_of(*fetched[:3], *told, "mill is ready to exit") == 1.0


def test_what_clients_did_wrong_is_no_failure_of_a_server_and_what_stands_behind_it_is() -> None:
    asked = '2026/11/27 10:00:0{} [error] 7#7: *{} {}, client: 10.0.0.9, request: "GET /x HTTP/1.1"'
    served = '10.0.0.8 - - [27/Nov/2026:10:00:0{}] "GET / HTTP/1.1" 200 12'
    for said, fails in (('open() "/srv/x" failed (2: No such file or directory)', False), ("upstream timed out", True)):
        lines = [line for number in range(9) for line in (served.format(number), asked.format(number, number, said))]
        assert (chance_of(*lines, "2026/11/27 10:00:09 [notice] 7#7: exit") >= THRESHOLD) is fails


@pytest.mark.parametrize(
    "lines",
    [
        [
            "sample 2: 'request timed out after 30s' -> slow",
            "sample 3: 'the mill runs' -> fine",
            *STEPS,
            "accuracy 0.961",
        ],
        [f"{number * 7}:2026-10-12 00:12:{number} host-b Segmentation fault (core dumped)" for number in range(10, 19)],
        [" failed ", "--------", "      0", "(1 row)"],
        [
            'ticket 1 -> mill: FATAL: password authentication failed for user "miller"',
            "ticket 2 -> mill: java.lang.OutOfMemoryError",
            "ticket 3 -> shop: how do I export",
            "routed 3 of 3 tickets",
        ],
    ],
)
def test_what_others_said_is_no_failure_where_it_is_quoted_or_shown(lines: list[str]) -> None:
    assert chance_of("begun", *lines) < THRESHOLD


def test_a_record_of_what_a_client_asked_for_wrongly_is_weighed() -> None:
    served = '127.0.0.1 - - [28/Nov/2026:10:36:57 +0000] "GET /orders/{0} HTTP/1.1" {1} 11'
    record = "[2026-11-28 10:36:57,739] ERROR in app: order {0} not found"
    asked = [line for number in range(9) for line in (record.format(number), served.format(number, 404))]
    assert chance_of(served.format(1, 200), *asked, served.format(2, 200)) < THRESHOLD
    assert chance_of(served.format(1, 200), record.format(7), served.format(7, 500), served.format(2, 200)) == 1.0


def test_an_exception_of_which_a_milder_record_tells_is_weighed() -> None:
    records = [f'{{"level": "info", "msg": "sack {number} is ground"}}' for number in range(20)]
    told = r'{"level": "warning", "msg": "tried again", "error": "Traceback (most recent call last):\n  File"}'
    assert chance_of(*records[:5], told, *records[5:]) < 1.0


@pytest.mark.parametrize(
    "failed",
    [
        "cp: cannot stat 'mill.conf': No such file or directory",
        "grist: failed to open the cache",
        "curl: (7) Failed to connect to 127.0.0.1 port 9: Connection refused",
    ],
)
def test_what_a_run_did_without_is_no_failure_and_is_one_where_it_ended_there(failed: str) -> None:
    good = ["no mill.conf, going on with the defaults", *STEPS, "12 sacks written", "backup complete"]
    assert chance_of("begun", failed, *good) < THRESHOLD
    assert chance_of("begun", *STEPS, failed) > THRESHOLD
    assert chance_of(failed) > THRESHOLD


def test_a_bad_exit_stands_against_all_good_words() -> None:
    assert chance_of(*STEPS, "all is ready", "mill exited with 3", "finished", "success") == 1.0


def test_a_good_end_of_the_whole_run_outweighs_what_stands_before_it() -> None:
    assert chance_of(*CRASH, *STEPS, "BUILD SUCCESSFUL in 3s") == ENDED_WELL


def test_the_better_a_log_ends_the_less_probably_it_failed() -> None:
    failed = "grist: failed to open the cache"
    ends: tuple[list[str], ...] = (
        [],
        STEPS[:6],
        [*STEPS, "12 sacks written"],
        [*STEPS, "12 sacks written", "done", "finished, all is ready"],
    )
    chances = [chance_of("begun", failed, *end) for end in ends]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] < chances[0]


def test_a_graver_severity_makes_a_failure_likelier() -> None:
    said = [chance_of(*STEPS, f"{level} the hopper failed to open", *STEPS) for level in ("INFO:", "the", "ERROR:")]
    assert said[0] < said[2]
    assert said[1] < said[2]


def test_another_failure_makes_it_no_less_probable_that_one_was() -> None:
    assert any_of([-1.0, -3.0]) > any_of([-1.0]) == pytest.approx(1 / (1 + math.e))
    assert 0 < any_of([-900.0]) < any_of([900.0]) <= 1


def test_each_feature_has_one_weight() -> None:
    bias, learned = weights()
    lines = [*STEPS, *CRASH]
    found = survey(lines)
    vectors = features(judged(found, -1, lines), found, lines)
    assert len(learned) == len(NAMES) == len(set(NAMES)) == len(vectors[0])
    assert all(map(math.isfinite, (bias, *learned)))


def test_of_very_many_failures_few_are_judged() -> None:
    lines = [f"ERROR mill: failed to open sack {number}\n".strip() for number in range(5_000)]
    spread = [line for pair in zip(lines, [""] * len(lines), strict=True) for line in pair]
    found = survey(spread)
    assert len(found.blocks) == len(lines)
    assert len(judged(found, -1, spread)) <= LAST_BLOCKS + len(ROLES) * (LAST_OF_ROLE + FIRST_OF_ROLE)


def test_a_log_that_ends_well_shows_no_span() -> None:
    log = Log("mill.log", "\n".join(["grist: failed to open the cache", *STEPS, "finished, all is ready"]).encode())
    assert find_failures(log) == []


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        ("mill: sack 12 not released, dust 0.4 beyond the limit", True),
        ("mill: 12 sacks released, 0 not released, ready", False),
        ("mill: 12 sacks are ground", False),
        ("  --strict   refuse a sack that is not dry", False),
    ],
)
def test_the_last_line_is_a_block_where_no_other_tells_and_it_says_what_is_not_as_it_must_be(
    last: str, shown: bool
) -> None:
    lines = [*STEPS, last, ""]
    assert [block.key for block in survey(lines).blocks] == ([len(STEPS)] if shown else [])
    assert survey([*STEPS, *CRASH, last]).blocks[-1].key < len(STEPS) + len(CRASH)


def test_a_block_alone_needs_no_weighing() -> None:
    asked = '2026/11/27 10:00:00 [error] 7#7: *3 open() "/srv/x" failed (2: No such file), client: 10.0.0.9'
    assert chance_of("", asked, "") == 1.0
    assert chance_of(asked, "2026/11/27 10:00:09 [notice] 7#7: exit") < 1.0


@pytest.mark.parametrize(
    "line",
    [
        'Jest: "global" coverage threshold for functions (90%) not met: 50%',
        "ERROR: Coverage failure: total of 63 is less than fail-under=80",
    ],
)
def test_what_is_asked_beside_the_tests_is_not_outweighed_by_their_good_end(line: str) -> None:
    assert chance_of(line, "Tests:       3 passed, 3 total") == 1.0
    assert chance_of("Tests:       3 passed, 3 total") == ENDED_WELL


class Lazily(list[str]):
    """Lines of a log that is too large to be taken whole."""

    def __getitem__(self, place: Any) -> Any:
        assert not isinstance(place, slice) or len(range(*place.indices(len(self)))) <= MOST_LINES
        return super().__getitem__(place)


def test_a_large_log_is_not_taken_whole() -> None:
    lines = [f"sack {number} is ground" for number in range(9_000)]
    lines[4_000] = "grist: failed to open the cache"
    assert 0 < chance(survey(lines), Lazily(lines)) < 1


SERVED = [f"2026-11-28 10:00:{second:02} INFO order {second} booked" for second in range(6)]


def test_a_verdict_that_all_passed_counts_though_other_lines_follow_it() -> None:
    lost = ["./drill.sh: line 11:    43 Killed                  redis-server --port 6379"]
    leaves = [f"2026-11-28 10:00:{second:02} INFO connection {second} closed" for second in range(10, 20)]
    assert chance_of(*SERVED, *lost, *SERVED, "[drill] PASS: 0 keys lost", *leaves) < THRESHOLD
    assert chance_of(*SERVED, *lost, *SERVED, *leaves) > THRESHOLD


def test_what_python_had_to_ignore_is_no_failure() -> None:
    ignored = "Exception ignored in: <function Hopper.__del__ at 0x7f12>"
    assert chance_of(*STEPS, ignored, *CRASH, "the mill stands still") <= UNTOLD
    assert chance_of(*STEPS, *CRASH, "the mill stands still") > THRESHOLD


def test_a_list_of_tests_that_are_still_to_pass_is_none_of_failures() -> None:
    counts = ["ℹ pass 6", "ℹ fail 0", "ℹ todo 1", "", "✖ failing tests:", ""]
    test = ["test at mill.test.mjs:1:312", "✖ grinds (0.85ms) # HOP-9", "  AssertionError [ERR_ASSERTION]: not yet"]
    assert chance_of(*counts, *test) <= UNTOLD
    assert chance_of(*[line.replace("fail 0", "fail 1") for line in counts], *test) > THRESHOLD


def test_what_is_said_before_a_server_shuts_down_is_said_last() -> None:
    served = [f"[2026-11-27 10:00:0{number} +0000] [7] [INFO] sack {number} served" for number in range(3)]
    stops = [f"[2026-11-27 10:00:09 +0000] [{number}] [INFO] Worker exiting (pid: {number})" for number in range(9)]
    stopped = [*stops, "[2026-11-27 10:00:09 +0000] [7] [INFO] Shutting down: Mill"]
    error = "[2026-11-27 10:00:05 +0000] [7] [ERROR] Sack 9 is torn"
    assert chance_of(*served, error, "smoke ok", *stopped) < 1.0
    assert chance_of(*served, error, "smoke", *stopped) == 1.0
    assert chance_of(*served, error, "smoke ok", *stopped[:-1], "[2026-11-27 10:00:09] [7] [ERROR] Mill is gone") == 1.0


def test_a_failed_suite_outweighs_the_tests_of_the_others() -> None:
    counts = ["Test Suites: 1 failed, 1 passed, 2 total", "Tests:       1 passed, 1 total", "Ran all test suites."]
    assert chance_of("FAIL src/mill.test.js", *counts) == 1.0
    assert chance_of("PASS src/mill.test.js", counts[0].replace("1 failed, ", ""), *counts[1:]) <= UNTOLD


def test_a_request_that_the_server_answered_well_after_all_is_weighed() -> None:
    logged = ["ERROR [gateway] rates could not be fetched, cached copy returned", *CRASH]
    answer = 'INFO:     127.0.0.1:45940 - "GET /rates HTTP/1.1" {}'
    assert chance_of(*STEPS, *logged, answer.format("200 OK"), "INFO: mill grinds on") < 1.0
    assert chance_of(*STEPS, *logged, answer.format("500 Internal Server Error"), "INFO: mill grinds on") == 1.0


def test_a_mild_record_right_below_tells_how_an_exception_was_dealt_with() -> None:
    torn = ["2026-11-27 10:00:01 [mill.worker] ERROR sack 7 is torn", *CRASH]
    assert chance_of(*torn, "2026-11-27 10:00:02 [mill.worker.retries] INFO Retrying sack 7 in 2 s", *STEPS) < 1.0
    assert chance_of(*torn, "2026-11-27 10:00:02 [mill.worker.retries] INFO sack 8", *STEPS) == 1.0


def test_the_last_of_a_series_of_counts_is_a_good_end_and_no_other_of_them() -> None:
    ground = [f"{number} of 8 sacks ({number * 100 // 8}%) ground" for number in range(1, 9)]
    assert chance_of(*CRASH, *ground, "Complete log(s): mill.log") < 1.0
    assert chance_of(*CRASH, *ground[:-1], "Complete log(s): mill.log") == 1.0


def test_what_is_said_of_each_of_many_ends_nothing() -> None:
    sold = [f"INFO -- mill: {grain} ok" for grain in ("oats", "rye", "wheat", "spelt")]
    assert chance_of(*CRASH, *sold) == 1.0
    assert chance_of(*CRASH, *sold, "INFO -- mill: all sacks are ground, ok") < 1.0


def test_findings_that_block_nothing_are_weighed_by_what_the_last_line_says() -> None:
    found = ["legacy/report.py:1:1: E401 Multiple imports on one line", "Found 1 error."]
    told = chance_of("$ ruff check --exit-zero legacy", *found, "this report is informational")
    assert told < chance_of("$ ruff check legacy", *found, "this is the report")


def test_a_failing_test_whose_name_says_what_should_be_refused_is_a_failure() -> None:
    title = [
        "  1) api",
        "       must be rejected when empty:",
        "     AssertionError [ERR_ASSERTION]: expected 200 to equal 400",
    ]
    assert chance_of("  1 passing (9ms)", "  1 failing", "", *title) > THRESHOLD


@pytest.mark.parametrize(
    "line",
    [
        "error budget used: 20%",
        "round trip mismatches: 0 of 500",
        "priced 6000 contracts, 0 rejected",
        "CRITICAL: 0  HIGH: 2 (2 accepted)",
        "private split not reachable, skipped",
        "Certificate will not expire",
        "smoke test passed (404 expected for unknown users)",
        "NOTES.md has no errors",
        "0 of 3 checks with findings",
        '10.0.0.8 - - [27/Nov/2026:10:00:05] "GET /missing HTTP/1.1" 404 12',
        "mirror done (rsync exit 24)",
        "nofile:0:0: information: Cppcheck cannot find all the include files [missingIncludeSystem]",
    ],
)
def test_counts_of_nothing_and_what_kept_nothing_from_going_on_are_no_failures(line: str) -> None:
    assert chance_of("begun", *STEPS, line) < THRESHOLD


RAISED = [*CRASH[:-1], "RopeError: rope of 3 m is too short to hold sack 5"]


@pytest.mark.parametrize(
    ("again", "is_weighed"),
    [
        ("2026-11-28 10:00:06,001 WARNING mill: put back: rope of 3 m is too short to hold sack 5", True),
        ("rope of 3 m is too short to hold sack 5, skipped", True),
        ("2026-11-28 10:00:06,001 ERROR mill: rope of 3 m is too short to hold sack 5", False),
        ("2026-11-28 10:00:06,001 WARNING mill: rope of 2 m is too short to hold sack 6", False),
    ],
    ids=["as a warning", "as skipped", "as an error", "another"],
)
def test_a_failure_that_is_told_again_mildly_is_weighed(again: str, is_weighed: bool) -> None:
    records = [f"2026-11-28 10:00:{second:02},000 INFO mill: sack {second} put away" for second in range(7, 30)]
    assert (chance_of(*RAISED, again, *records) < 1.0) is is_weighed


def test_a_server_fails_whose_last_answers_are_all_errors_of_its_own() -> None:
    answer = 'INFO: 10.0.0.7:47290 - "GET /sack/{} HTTP/1.1" {}'
    well, badly = (
        [answer.format(number, code) for number in range(4)] for code in ("200 OK", "503 Service Unavailable")
    )
    book = "mill INFO book 7 is closed until noon"
    assert chance_of(*well, book, *badly, "INFO: Shutting down") == 1.0
    assert survey([*well, book, *badly]).blocks[-1].first == 5
    assert chance_of(*badly, *well[:1]) < THRESHOLD
    assert chance_of(*well, *badly[:2]) < THRESHOLD
    assert chance_of(*well, *badly, "drill passed") < THRESHOLD
