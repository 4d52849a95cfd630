"""What failed and was tried again, answered after all, or had to fail."""

from __future__ import annotations

from outcome_samples import CRASH, STEPS, chance_of

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.outcome import THRESHOLD, UNTOLD
from mcp_rag.logs.outcome_blocks import judged


def test_what_had_to_fail_is_no_failure() -> None:
    refused = ["case/const.c:3:9: error: assignment of read-only variable 'a'", "  rejected as expected"]
    assert chance_of("== case/const.c", *refused, "1 of 1 cases rejected as expected") <= UNTOLD
    assert chance_of("== case/const.c", refused[0], "  not rejected as expected") > THRESHOLD


def test_what_stands_behind_a_server_failed_nobody_where_the_request_was_answered_in_the_end() -> None:
    refused = (
        "2026/11/28 10:00:01 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, "
    )
    refused += 'client: 10.0.0.9, request: "GET /cart HTTP/1.1", upstream: "http://10.0.0.2:9001/cart"'
    answered = '10.0.0.9 - - [28/Nov/2026:10:00:01 +0000] "GET /cart HTTP/1.1" {} 12'
    assert chance_of(refused, answered.format(200)) < THRESHOLD
    assert chance_of(refused, answered.format(502)) == 1.0


def test_another_server_of_the_group_answers_what_one_could_not() -> None:
    record = (
        '2026/11/28 10:00:01 [{}] 7#7: *{} {} while connecting to upstream, client: 10.0.0.9, request: "GET / HTTP/1.1"'
    )
    refused = record.format("error", 4, "connect() failed (111: Connection refused)")
    asked_on = record.format("warn", 4, "upstream server temporarily disabled")
    none_left = record.format("error", 4, "no live upstreams")
    assert chance_of(refused, asked_on, "GET / -> 200") < THRESHOLD
    assert chance_of(refused, asked_on.replace("*4", "*5"), "GET / -> 200") == 1.0
    assert chance_of(refused, asked_on, none_left, "GET / -> 502") == 1.0


def test_what_a_bisection_tries_is_no_failure() -> None:
    tried = ["running  'python3' 'probe.py'", *CRASH, "Bisecting: 2 revisions left to test after this (roughly 1 step)"]
    found = [*tried[:-1], "ef03575537f167776259952d75cb3a9421ae5db7 is the first bad commit"]
    assert chance_of(*tried, *found, " mill.py | 2 +-") <= UNTOLD


def test_a_try_counted_in_brackets_was_not_the_last_one() -> None:
    lost = "[2026-11-28 15:07:14,030: ERROR/MainProcess] consumer: Cannot connect to redis://mill:6379/0: Error 111."
    again = "Trying again in 2.00 seconds... ({}/100)"
    assert (
        chance_of(*STEPS, lost, again.format(1), "", "[2026-11-28 15:07:20,070: INFO/MainProcess] Connected")
        < THRESHOLD
    )
    assert chance_of(*STEPS, lost, again.format(100)) == 1.0


def test_of_tries_that_are_numbered_the_last_one_counts() -> None:
    refused = "mill: cannot reach the elevator: Connection refused"
    tried = [line for number in range(1, 5) for line in (refused, f"waiting (attempt {number})", *STEPS[:3])]
    assert [block.first for block in judged(survey(tried), -1, tried)] == [15]
    ground = "INFO     attempt {}: {} of 12 sacks"
    assert chance_of(*CRASH, ground.format(1, 9), ground.format(2, 12)) < 1.0
    assert chance_of(*CRASH, ground.format(1, 12), ground.format(2, 9)) == 1.0


def test_a_server_that_was_reached_in_the_end_failed_nobody() -> None:
    refused = "2026-11-27 10:00:0{} ERROR mill: connect to elevator:5672 failed: Connection refused"
    lines = [refused.format(1), refused.format(2)]
    assert chance_of(*lines, *STEPS) == 1.0
    assert chance_of(*lines, "2026-11-27 10:00:03 INFO mill: connected to elevator:5672", *STEPS) <= UNTOLD
    assert chance_of(*lines, "2026-11-27 10:00:03 INFO mill: not connected to elevator:5672", *STEPS) == 1.0


def test_what_make_was_told_to_ignore_is_no_failure() -> None:
    told = ["./legacyd --bogus", "legacyd: error: unknown flag --bogus"]
    assert chance_of(*STEPS, *told, "make: [Makefile:7: check] Error 64 (ignored)", "cc -o mill mill.c") < THRESHOLD
    assert chance_of(*STEPS, *told, "make: *** [Makefile:7: check] Error 64") == 1.0
