"""What an incident says of a failure, and that its fingerprint stays while everything accidental changes."""

from __future__ import annotations

import pytest

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.incident import EXCERPT_CHARACTERS, EXCERPT_LINES, KEY_CHARACTERS, describe, describe_span
from mcp_rag.logs.log import Log
from mcp_rag.logs.naming import error_type_of
from mcp_rag.records import Frame, Incident, Span


def unchanged(text: str) -> str:
    return text


def incident_of(text: str) -> Incident:
    log = Log("test.log", text.encode())
    return describe(log, find_failures(log), unchanged)


def traceback(folder: str = "/home/ann", line: int = 12, module: str = "torch", stamp: str = "") -> str:
    lines = [
        "Traceback (most recent call last):",
        f'  File "{folder}/train.py", line {line}, in main',
        "    load()",
        f'  File "{folder}/loading.py", line {line + 3}, in load',
        f"    import {module}",
        f"ModuleNotFoundError: No module named '{module}'",
    ]
    return "\n".join(stamp + text for text in lines) + "\n"


def test_a_python_traceback_in_full() -> None:
    incident = incident_of("Python 3.11.7\n" + traceback())
    assert incident.language == "python"
    assert incident.error_type == "ModuleNotFoundError"
    assert incident.message == "ModuleNotFoundError: No module named 'torch'"
    assert incident.frames == (
        Frame("/home/ann/train.py", 12, "main"),
        Frame("/home/ann/loading.py", 15, "load"),
    )
    assert incident.versions == {"python": "3.11.7"}
    assert [e.line for e in incident.excerpt] == list(range(2, 8))


def test_the_fingerprint_stays_across_machines_lines_and_times() -> None:
    one = incident_of(traceback())
    elsewhere = incident_of("warming up\n\n" + traceback("/srv/ci/build-77", 340, stamp="2026-11-24T10:00:01.5Z "))
    assert one.fingerprint == elsewhere.fingerprint
    assert len(one.fingerprint) == 16


def test_different_failures_have_different_fingerprints() -> None:
    assert incident_of(traceback()).fingerprint != incident_of(traceback(module="numpy")).fingerprint


def test_compiler_diagnostics_of_one_kind_share_a_fingerprint_wherever_they_strike() -> None:
    here = incident_of("/a/b/main.c:3:5: error: unknown type name 'sise_t'\nmake: *** [main.o] Error 1\n")
    there = incident_of("/home/z/main.c:90:1: error: unknown type name 'sise_t'\nmake: *** [main.o] Error 1\n")
    assert here.fingerprint == there.fingerprint


@pytest.mark.parametrize(
    ("line", "error_type"),
    [
        ("error[E0308]: mismatched types\n --> src/main.rs:2:3\n", "E0308"),
        ("src/a.ts(1,2): error TS2304: Cannot find name 'x'.\n", "TS2304"),
        ("A.cs(1,2): error CS0103: The name 'x' does not exist\n", "CS0103"),
        (
            'Exception in thread "main" java.lang.NullPointerException: x\n\tat a.B.c(B.java:1)\n',
            "NullPointerException",
        ),
        ("  Warning  BackOff  pod/web  OOMKilled\n", "OOMKilled"),
        ("npm error code ERESOLVE\nnpm error ERESOLVE could not resolve\n", "ERESOLVE"),
        ("tar: x: Cannot write: No space left on device\n", "ENOSPC"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 1 GiB\n", "ArrayMemoryError"),
        ("ERROR 1045 (28000): Access denied for user 'x'\n", "1045"),
    ],
)
def test_the_error_type_is_the_name_under_which_others_know_it(line: str, error_type: str) -> None:
    assert incident_of(line).error_type == error_type


@pytest.mark.parametrize(
    ("text", "language", "innermost"),
    [
        (
            "Error: x\n    at inner (/a/b.js:2:3)\n    at outer (/a/c.js:4:5)\n",
            "javascript",
            Frame("/a/b.js", 2, "inner"),
        ),
        (
            'Exception in thread "main" java.lang.Error: x\n\tat p.Q.inner(Q.java:7)\n\tat p.Q.main(Q.java:9)\n',
            "java",
            Frame("Q.java", 7, "p.Q.inner"),
        ),
        (
            "panic: x\n\ngoroutine 1 [running]:\nmain.inner(0x1)\n\t/a/m.go:3 +0x1d\nmain.main()\n\t/a/m.go:9 +0x1d\n",
            "go",
            Frame("/a/m.go", 3, "main.inner"),
        ),
    ],
    ids=["javascript", "java", "go"],
)
def test_frames_are_innermost_last(text: str, language: str, innermost: Frame) -> None:
    incident = incident_of(text)
    assert incident.language == language
    assert incident.frames[-1] == innermost


def test_everything_that_is_shown_is_redacted() -> None:
    log = Log("x", b"ValueError: bad token s3cr3t\n")
    incident = describe(log, find_failures(log), lambda text: text.replace("s3cr3t", "<secret>"))
    assert "s3cr3t" not in repr(incident)
    assert "<secret>" in incident.message


def test_the_excerpt_of_a_long_span_keeps_its_key_and_stays_small() -> None:
    log = Log("x", "\n".join(f"line {n} " + "x" * 1_000 for n in range(1, 501)).encode())
    incident = describe_span(log, Span(1, 500, 1.0, "long", key=333), unchanged)
    assert len(incident.excerpt) <= EXCERPT_LINES
    assert {1, 333, 500} <= {e.line for e in incident.excerpt}
    assert max(len(e.text) for e in incident.excerpt if e.line != 333) <= EXCERPT_CHARACTERS
    assert EXCERPT_CHARACTERS < next(len(e.text) for e in incident.excerpt if e.line == 333) <= KEY_CHARACTERS


def test_a_message_that_ends_in_a_colon_takes_its_next_line() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nRuntimeError: \n    No good.\n'
    assert incident_of(text).message == "RuntimeError: No good."


@pytest.mark.parametrize(
    ("last", "name"), [("queue.Empty", "Empty"), ("app.LedgerMismatch: invoice 17", "LedgerMismatch")]
)
def test_what_ends_a_traceback_is_an_exception_whatever_it_is_called(last: str, name: str) -> None:
    assert error_type_of(last, "python-traceback") == name
    assert error_type_of(last, "generic-error") is None


def test_a_failure_printed_twice_is_the_failure_printed_once() -> None:
    trace = ["Traceback (most recent call last):", '  File "a.py", line 3, in f', "    g()", "ValueError: no"]
    both = [incident_of("\n".join(lines)) for lines in (trace, [*trace, "again", *trace])]
    assert both[0].fingerprint == both[1].fingerprint
    assert [len(incident.frames) for incident in both] == [1, 1]


@pytest.mark.parametrize(
    ("said", "telling"),
    [
        (
            [
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Item",
                "name",
                "  Field required [type=missing, input_value={'price': 'x'}, input_type=dict]",
                "    For further information visit https://errors.pydantic.dev/2.11/v/missing",
                "prices.0",
                "  Input should be a valid number [type=float_parsing, input_value='x', input_type=str]",
            ],
            "Input should be a valid number",
        ),
        (
            [
                "torch.distributed.DistBackendError: NCCL error in: NCCLUtils.cpp:93, invalid usage, NCCL version 2.28.9",
                "ncclInvalidUsage: This usually reflects invalid usage of NCCL library.",
                "Last error:",
                "Duplicate GPU detected : rank 0 and rank 1 both on CUDA device 60",
            ],
            "Duplicate GPU detected",
        ),
    ],
)
def test_a_message_goes_on_where_its_library_does_not_indent_it(said: list[str], telling: str) -> None:
    head = ["Traceback (most recent call last):", '  File "/srv/run.py", line 3, in main', "    run()"]
    incident = incident_of("\n".join([*head, *said, "shutting down", "bye"]) + "\n")
    texts = [excerpt.text for excerpt in incident.excerpt]
    assert telling in texts[-1]
    assert incident.message.startswith(said[0])
