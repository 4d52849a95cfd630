"""What well-known tools say of how it went: words that only look like a failure, and verdicts that are one."""

from __future__ import annotations

import pytest
from outcome_samples import CRASH, STEPS, chance_of

from mcp_rag.logs.outcome import THRESHOLD, UNTOLD


@pytest.mark.parametrize(
    "told",
    [
        "pika AMQPConnectionWorkflowFailed: 1 exceptions in all",
        "- name: Exit code 3 means not found, which is fine",
        "  --lax   Sets exit code 9 if no files are transferred",
    ],
)
def test_words_that_an_ending_only_holds_end_nothing(told: str) -> None:
    assert chance_of(told, *STEPS) < THRESHOLD


def test_a_conflict_and_a_hook_that_git_committed_after_are_none() -> None:
    conflict = [
        "CONFLICT (content): Merge conflict in mill.yml",
        "Automatic merge failed; fix conflicts and then commit",
    ]
    committed = "[main cb9956a] Merge the night shift"
    assert chance_of(*conflict, committed, " 1 file changed") <= UNTOLD
    assert chance_of(*conflict) > THRESHOLD
    finding = ["ruff.....................Passed", "mill.py:3:1: F401 [*] `os` imported but unused", "black......Passed"]
    assert chance_of(*finding, committed) <= UNTOLD
    mended = ["black....................Failed", "- hook id: black", "- files were modified by this hook"]
    assert chance_of(*mended, "black....................Passed", committed) <= UNTOLD
    assert chance_of(*mended) > THRESHOLD
    assert chance_of(*mended, "pre-commit hook(s) made changes.", *STEPS) == 1.0


def test_what_milvus_lites_server_prints_at_every_start_is_no_failure() -> None:
    asked = [
        "2026-11-28 13:02:52,525 ERROR grpc._server: Exception calling application: Method not implemented!",
        "Traceback (most recent call last):",
        '  File "/opt/venv/lib/python3.11/site-packages/grpc/_server.py", line 608, in _call_behavior',
        "    response_or_iterator = behavior(argument, context)",
        '  File "/opt/venv/lib/python3.11/site-packages/pymilvus/grpc_gen/milvus_pb2_grpc.py", line 1357, in AllocTimestamp',
        "    raise NotImplementedError('Method not implemented!')",
        "NotImplementedError: Method not implemented!",
    ]
    assert chance_of(*asked, *STEPS) <= UNTOLD
    assert chance_of(*[line.replace("pymilvus/grpc_gen", "mill/grpc_gen") for line in asked], *STEPS) == 1.0


@pytest.mark.parametrize(
    "told",
    [
        ["failed: false", "fatal 0"],
        ['{"sacks": 4, "error": null}', "errors: []"],
        ["ok 4 empty hopper", "ok 5 permission denied is reported # skip running as root"],
        ["[0.197s][info][gc] GC(42) Pause Young (Allocation Failure) 13M->13M(46M) 1.387ms"],
        ["3 rejected line(s), allowed 5: OK"],
        ['2026/11/28 19:46:09 NOTICE: Config file "/home/mill/rclone.conf" not found - using defaults'],
        ["hits 20 misses 20", "memcached exit 143"],
        [
            "==1== Command: ./mill",
            "grind: No space left on device",
            "==1== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)",
        ],
        [
            "Exception occurred during processing of request from ('127.0.0.1', 59734)",
            "Traceback (most recent call last):",
            '  File "/usr/lib/python3.11/socketserver.py", line 834, in write',
            "    self._sock.sendall(b)",
            "ConnectionResetError: [Errno 104] Connection reset by peer",
            *STEPS,
        ],
        ["ERROR:2026-11-28 22:20:34 1:1 DeviceProperties.cpp:50] gpuGetDeviceCount failed with code 35"],
        ["lines: 100.0% (2 out of 2)", "branches: 62.5% (5 out of 8)"],
        [*CRASH, "This progress looks :) because there were failed tasks but they all succeeded in a retry"],
    ],
    ids=[
        "a flag",
        "null and an empty list",
        "TAP",
        "Java's collector",
        "allowed",
        "rclone",
        "stopped",
        "Valgrind",
        "a client that left",
        "PyTorch",
        "gcovr",
        "Luigi",
    ],
)
def test_what_well_known_tools_say_where_nothing_failed(told: list[str]) -> None:
    assert chance_of(*told) <= UNTOLD


@pytest.mark.parametrize(
    "told", ["6 examples, 1 failure, 1 pending", "This progress looks :( because there were failed tasks"]
)
def test_a_verdict_of_failure_is_one_whatever_stands_below(told: str) -> None:
    assert chance_of(told, "rspec ./spec/mill_spec.rb:12 # Mill is still valid, ok") == 1.0
