"""What a run says last: exit codes, gates, verdicts, and a script that says *done* whatever became of the program."""

from __future__ import annotations

import pytest
from outcome_samples import CRASH, STEPS, chance_of

from mcp_rag.logs.outcome import ENDED_WELL, THRESHOLD, UNTOLD


@pytest.mark.parametrize(
    "said",
    ["mill exit status 3", "rc=1", "grind exit: 2", "mill.sh exited (137)", "+ exit 1", "return code 4"],
)
def test_a_script_that_ends_with_an_exit_code_failed(said: str) -> None:
    assert chance_of(*STEPS, "all is ready", said) == 1.0
    assert chance_of(*STEPS, said, "no flour: rye is ground", "all is ready") < 1.0
    assert chance_of(*STEPS, "all is ready", said[:-1] + "0") < THRESHOLD or said == "mill.sh exited (137)"
    assert chance_of(*STEPS, f"worker 7 stopped, {said}") < 1.0


@pytest.mark.parametrize(
    "said", ["ok 2 usage error is exit 64", "✓ refuses no grain: exit 2", "expected exit 3", "rye: should exit 4"]
)
def test_an_exit_code_that_was_wanted_makes_nothing_certain(said: str) -> None:
    assert chance_of(*STEPS, said) < 1.0


@pytest.mark.parametrize(
    "last",
    [
        "SOLD OUT lamp: wanted 4, on shelf 2",
        "canary halted: 14 per 1k over 10",
        "1 findings",
        "grind is 3.3 times slower than the baseline (limit 1.5)",
        "the label says rye but the sack holds oats",
        "NOTES.md has no section for 3.2.0",
        "2 types compared, 1 breaking change(s)",
        "1 of 3 checks with findings",
        "gate: 3.4.0 may not ship",
    ],
)
def test_a_gate_that_says_no_word_of_failure_last_fails(last: str) -> None:
    assert chance_of(*STEPS, last) > THRESHOLD


def test_plain_words_of_a_verdict_are_found_a_little_above_the_end() -> None:
    told = "producer: checkout-events  consumer: finance-mart"
    assert chance_of("1 contract held against main", "contract broken: orders/v4 lost net_cents", told) > THRESHOLD
    assert chance_of("1 contract held against main", "the contract is below the old one", told) <= UNTOLD


def test_no_count_or_verdict_outweighs_that_the_run_ended_with_an_exit_code() -> None:
    red = ["##[error]Process completed with exit code 1."]
    later = ["Run actions/upload-artifact@v4", "3 of 3 files sent", "security check passed", "advisory: 0 lost"]
    assert chance_of(*STEPS, *red, *later) == 1.0


def test_an_exit_code_in_the_row_of_a_table_ends_nothing() -> None:
    rows = ["8815\topen\tTraceback in export", "8840\tclosed\tBuild FAILED with exit code 137"]
    assert chance_of("id\tstate\ttitle", *rows, "Exported 2 tickets") < 1.0
    assert chance_of("exporting", "Build FAILED with exit code 137", "Exported 2 tickets") == 1.0


def test_the_exit_code_that_a_script_tells_last_decides() -> None:
    assert chance_of(*STEPS, "job done (exit 1)") == 1.0
    assert chance_of(*STEPS, *CRASH, "mill exit 0") == ENDED_WELL
    assert chance_of(*STEPS, *CRASH, "mill exit 0", "night shift rc=3") == 1.0
    assert chance_of("Process completed with exit code 0.") == 0.0


def test_a_script_that_says_done_and_how_long_it_took_ends_no_exception_well() -> None:
    died = ["mill is open", *CRASH, "", "real\t0m5.809s", "user\t0m1.705s", "sys\t0m1.296s"]
    assert chance_of(*died, "done") == 1.0
    assert chance_of(*died, "12 of 12 sacks ground", "done") < 1.0
