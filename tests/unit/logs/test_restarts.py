"""Several runs in one log: the last one counts."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.restarts import last_start


@dataclass
class _Log:
    texts: list[str]


def _keys(*lines: str, goes_on: bool = False) -> list[str]:
    found = find_failures(_Log(list(lines)), 5, goes_on=goes_on)
    return [lines[span.key - 1] for span in found]


def _start(minute: int) -> list[str]:
    return [
        f"[2026-11-04 09:{minute}:18 +0000] [1] [INFO] Starting mill 20.1.0",
        f"[2026-11-04 09:{minute}:18 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)",
    ]


DIED = ["Traceback (most recent call last):", '  File "/srv/mill.py", line 3, in <module>', "KeyError: 'oats'"]
OTHER = ["Traceback (most recent call last):", '  File "/srv/mill.py", line 9, in <module>', "ValueError: no hopper"]
SERVED = [f"[2026-11-04 09:50:{second} +0000] [1] [INFO] ground {second} sacks" for second in range(20, 40)]


def test_what_an_earlier_run_died_of_is_nothing_to_one_that_came_further() -> None:
    assert _keys(*_start(10), *DIED)[0] == DIED[-1]
    assert _keys(*_start(10), *DIED, *_start(50), *SERVED) == []


def test_a_run_that_came_no_further_mends_nothing() -> None:
    assert _keys(*_start(10), *SERVED, *DIED, *_start(50), SERVED[0])[0] == DIED[-1]


def test_where_the_last_run_failed_too_it_alone_is_told() -> None:
    assert _keys(*_start(10), *DIED, *_start(50), *SERVED, *OTHER)[0] == OTHER[-1]


def test_a_last_run_of_which_only_the_end_is_told_hides_no_cause() -> None:
    assert _keys(*_start(10), *DIED, *_start(50), "make: *** [mill] Error 1")[0] == DIED[-1]


def test_while_a_log_goes_on_each_failure_counts() -> None:
    assert _keys(*_start(10), *DIED, *_start(50), *SERVED, goes_on=True)[0] == DIED[-1]


def test_a_part_of_a_run_is_no_run() -> None:
    for opening in ("Starting test session", "Starting job", "Running migration"):
        assert last_start([opening, "reading mill.toml", *DIED, opening, "reading mill.toml", *SERVED]) == 0
    counted = ["Starting mill 1", "reading mill.toml", *DIED, "Starting mill 2", "reading mill.toml"]
    assert last_start(counted) == 0
    assert last_start(["Starting mill", "reading a", *DIED, "Starting mill", "reading b"]) == 0
    assert last_start(["oats", "rye", *DIED, "oats", "rye"]) == 0
    assert last_start([]) == last_start(["Starting mill"]) == last_start([""] * 40) == 0


def test_a_script_that_npm_runs_again_is_a_run() -> None:
    head = ["", "> mill@1.0.0 dev /srv/mill", "> webpack-dev-server --progress", ""]
    assert last_start([*head, "Killed", *head, "listening"]) == len(head) + 2


def test_of_two_deaths_of_node_the_last_one_counts() -> None:
    first = ["node:internal/modules/cjs/loader:958", "  throw err;", "  ^", "Error: Cannot find module 'hopper'"]
    frames = ["    at Module._load (node:internal/modules/cjs/loader:100:12)", "", "Node.js v18.9.1"]
    second = ["/srv/mill.js:81", "    grind(sack);", "    ^", "ReferenceError: sack is not defined"]
    log = [*first, *frames, "listening", *second, *frames]
    assert last_start([*first, *frames, "listening"]) == 0
    assert _keys(*log)[0] == second[-1]


def test_each_process_that_appends_to_ansibles_log_is_a_run() -> None:
    at = "2026-11-17 19:3{}:38,811 p=4922{} u=jo n=ansible | "
    failed = [at.format(4, 0) + "fatal: [mill]: UNREACHABLE! => {}", at.format(4, 0) + "PLAY RECAP ****"]
    passed = [at.format(6, 1) + "PLAY [mill] ****", at.format(7, 1) + "mill : ok=4 changed=0 unreachable=0 failed=0"]
    assert last_start([*failed, *passed]) == len(failed)
    assert last_start(failed) == last_start(passed) == 0
    assert _keys(*failed)[0] == failed[0]
    assert _keys(*failed, *passed) == []
