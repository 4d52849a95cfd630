"""Failing spans: where they are, how far they reach, which line is their key, and when there are none."""

from __future__ import annotations

import pytest
from failure_samples import (
    CHAINED,
    CLEAN_GCC,
    CLEAN_GRADLE,
    CLEAN_MAVEN,
    CLEAN_NPM,
    CLEAN_PYTEST,
    CLEAN_RETRY,
    CLEAN_TRAVIS,
    CMAKE,
    GCC,
    GO,
    GOTEST,
    GRADLE,
    GROUP,
    JAVA,
    KERNEL,
    LINKER,
    NODE,
    PREFIXED,
    PYTEST,
    PYTHON,
    RUST,
    SHELL,
    TSC,
)

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log


def log_of(text: str) -> Log:
    return Log("test.log", text.encode())


def first_of(text: str, budget: int = 50) -> tuple[str, str, str, str]:
    """Kind, first line, last line and key line of the best span."""
    log = log_of(text)
    span = find_failures(log, budget)[0]
    return span.kind, *(log.texts[n - 1].strip() for n in (span.first, span.last, span.key))


@pytest.mark.parametrize(
    ("text", "kind", "first", "last", "key"),
    [
        (
            PYTHON,
            "python-traceback",
            "Traceback (most",
            "ModuleNotFoundError",
            "ModuleNotFoundError: No module named 'torch'",
        ),
        (CHAINED, "python-traceback", "Traceback (most", "ValueError", "ValueError: no setting x"),
        (PREFIXED, "python-traceback", "2026-11-24 10:00:02", "2026-11-24 10:00:02", "CUDA error: out of memory"),
        (GROUP, "python-traceback", "+ Exception Group", "+-----", "ValueError: 1"),
        (JAVA, "java-exception", "Exception in thread", "... 1 more", "Caused by: java.io.FileNotFoundException"),
        (GO, "go-panic", "panic:", "exit status 2", "panic: runtime error"),
        (RUST, "rustc-error", "error[E0308]", "|            ---", "error[E0308]: mismatched types"),
        (NODE, "node-exception", "Error: Cannot find", "}", "Error: Cannot find module 'express'"),
        (GCC, "gcc-error", "main.c: In function", "|   ^~~~~~", "main.c:7:3: error: unknown type name"),
        (
            LINKER,
            "linker-error",
            "/usr/bin/ld: main.o: in function",
            "main.c:(.text",
            "undefined reference to `deflate'",
        ),
        (PYTEST, "pytest-failure", "____", "test_a.py:4: AssertionError", "E       AssertionError: assert 1 == 2"),
        (
            GRADLE,
            "gradle-went-wrong",
            "* What went wrong",
            "> Could not find",
            "> Could not find com.example:gone:1.0.",
        ),
        (
            CMAKE,
            "cmake-error",
            "CMake Error at",
            "CMakeLists.txt:9 (include)",
            "Could not find a package configuration",
        ),
        (TSC, "tsc-error", "src/a.ts(3,7)", "src/a.ts(3,7)", "error TS2322"),
        (SHELL, "command-not-found", "./deploy.sh: line 3", "./deploy.sh: line 3", "helm: command not found"),
        (GOTEST, "go-test-failure", "sum_test.go:8", "--- FAIL: TestSum", "sum_test.go:8: Sum(1, 2) = 4, want 3"),
        (KERNEL, "out-of-memory", "[  102.2] Out", "[  102.2] Out", "Killed process 4242"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 and " " not in value else "",
)
def test_the_first_real_cause_comes_first_and_whole(text: str, kind: str, first: str, last: str, key: str) -> None:
    found_kind, found_first, found_last, found_key = first_of(text)
    assert found_kind == kind
    assert first in found_first
    assert last in found_last
    assert key in found_key


@pytest.mark.parametrize(
    "put_before",
    [
        "2026-11-27T20:00:00.1234567Z ",
        "2026-11-27T20:00:00.123456Z 01O ",
        "2026-11-27T20:00:00.123456Z 01E+",
        "[pod/web-5d9c/web] ",
        "web-1  | ",
        "#12 0.345 ",
        "Nov 27 20:00:00 host app[123]: ",
    ],
    ids=["GitHub", "GitLab", "GitLab goes on", "kubectl", "compose", "BuildKit", "syslog"],
)
@pytest.mark.parametrize(
    ("text", "kind"), [(GOTEST, "go-test-failure"), (CMAKE, "cmake-error"), (PYTHON, "python-traceback")]
)
def test_what_was_put_before_each_line_hides_no_grammar(text: str, kind: str, put_before: str) -> None:
    worn = "\n".join(put_before + line for line in text.strip("\n").split("\n"))
    assert first_of(worn)[0] == kind


@pytest.mark.parametrize(
    "text",
    [
        CLEAN_PYTEST,
        CLEAN_MAVEN,
        CLEAN_GRADLE,
        CLEAN_NPM,
        CLEAN_GCC,
        CLEAN_TRAVIS,
        CLEAN_RETRY,
        "HEAD is now at d5fff3d Fix crash when the import failed\n2f628e3 (tag: v2) Refuse what is invalid\n",
        "Traceback (most recent call last):\nValueError: logged\nRan 3 tests in 0.1s\n\nOK (skipped=1, expected failures=2)\n",
        '2026-11-27 13:22:18 UTC [7] LOG:  background worker "logical replication launcher" (PID 8) exited with exit code 1\n',
        "",
        "\n\n",
        "hello\n",
    ],
    ids=[
        *("pytest", "maven", "gradle", "npm", "gcc", "travis", "retry"),
        *("git", "unittest", "postgres", "empty", "blank", "hello"),
    ],
)
def test_a_log_in_which_nothing_failed_has_no_spans(text: str) -> None:
    assert find_failures(log_of(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "all good\n0 errors\n" + PYTHON,
        'echo "no errors"\nThe command "make" exited with 2.\n',
        "compiling\nmake: *** [all] Error 2\n",
        "=== 1 failed, 3 passed in 0.1s ===\n",
        "run.sh: line 2: /usr/bin/gzip: Argument list too long\n",
        "package example.org/a\n\timports example.org/b\n\timports example.org/a: import cycle not allowed\n",
        "/srv/sync.js:12\n  throw new Mismatch(`80`)\n  ^\n\nMismatch: 80 of 81\n    at /srv/sync.js:12:37\n\nNode.js v20.1.0\n",
        "@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nPermissions 0644 for 'key' are too open.\n",
    ],
    ids=["unhandled traceback", "non-zero exit", "make", "pytest total", "shell", "go", "node", "ssh"],
)
def test_a_failed_log_is_never_clean(text: str) -> None:
    assert find_failures(log_of(text)) != []


def test_a_lone_early_error_of_a_long_log_is_found() -> None:
    lines = [f"[{i}] copying part {i} of the archive" for i in range(100_000)]
    lines[17] = "src/early.c:3:10: fatal error: zlib.h: No such file or directory"
    assert find_failures(log_of("\n".join(lines)))[0].key == 18


def test_spans_are_disjoint_and_keep_the_budget() -> None:
    text = "\n".join((PYTHON, GCC, JAVA, PYTEST, GO)) * 3
    for budget in (1, 7, 50):
        spans = find_failures(log_of(text), budget)
        shown = [line for span in spans for line in range(span.first, span.last + 1)]
        assert 0 < len(shown) <= budget
        assert len(set(shown)) == len(shown)
        assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)


def test_a_block_longer_than_the_budget_is_cut_around_its_key() -> None:
    frames = "".join(f'  File "a.py", line {i}, in f{i}\n    f{i + 1}()\n' for i in range(150))
    log = log_of(f"Traceback (most recent call last):\n{frames}RecursionError: maximum recursion depth exceeded\n")
    span = find_failures(log, 20)[0]
    assert len(span) <= 20
    assert "RecursionError" in log.texts[span.key - 1]
    assert span.first <= span.key <= span.last


def test_a_short_second_block_leaves_the_first_all_that_it_does_not_need_itself() -> None:
    frames = "".join(f'  File "a.py", line {i}, in f{i}\n    f{i + 1}()\n' for i in range(150))
    crash = f"Traceback (most recent call last):\n{frames}RecursionError: maximum recursion depth exceeded\n"
    spans = find_failures(log_of(crash + "quiet\n" * 4 + "Process completed with exit code 1.\n"), 200)
    assert [len(span) for span in spans] == [199, 1]


def test_of_a_chain_that_is_too_long_the_first_exception_is_shown_before_the_last() -> None:
    frames = "".join(f'  File "a.py", line {i}, in f{i}\n    f{i + 1}()\n' for i in range(60))
    head, link = (
        "Traceback (most recent call last):\n",
        "\nThe above exception was the direct cause of the following exception:\n\n",
    )
    handled = "\nDuring handling of the above exception, another exception occurred:\n\n"
    log = log_of(f"{head}{frames}KeyError: 'oats'\n{link}{head}{frames}MillError: cannot grind\n")
    root, last = [span for span in find_failures(log, 40) if span.kind == "python-traceback"]
    assert (log.texts[root.key - 1], log.texts[last.key - 1]) == ("KeyError: 'oats'", "MillError: cannot grind")
    assert (root.last, len(root) + len(last)) == (root.key, 40)
    other = log_of(f"{head}{frames}KeyError: 'oats'\n{handled}{head}{frames}MillError: cannot grind\n")
    assert "MillError" in other.texts[find_failures(other, 40)[0].key - 1]
    assert len(find_failures(log, 4)[0]) <= 4


def test_what_uv_gives_as_the_cause_is_one_failure_with_what_it_could_not_do() -> None:
    asked = "error: Failed to add dependencies\n  cause: No solution found when resolving dependencies\n"
    why = (
        "  cause: Because there is no version of grist==9.9 and your project depends on grist==9.9, we can conclude …\n"
    )
    hint = "\nhint: If you want to add the package regardless, provide the `--frozen` flag\n"
    spans = find_failures(log_of("Using CPython 3.11.7\n" + asked + why + hint))
    assert (spans[0].first, spans[0].last, spans[0].key, spans[0].kind) == (2, 6, 4, "uv-error")


def test_a_module_that_a_failed_install_left_out_comes_after_the_install() -> None:
    missed = 'Traceback (most recent call last):\n  File "mill.py", line 1, in <module>\n    import grist\n'
    missed += "ModuleNotFoundError: No module named 'grist'\n"
    refused = "ERROR: No matching distribution found for grist==9.9\n"
    assert find_failures(log_of(refused + "+ python mill.py\n" + missed))[0].kind == "pip-error"
    assert find_failures(log_of(missed + "+ pip install grist\n" + refused))[0].kind == "python-traceback"


def test_each_span_says_why() -> None:
    span = find_failures(log_of(PYTHON))[0]
    assert span.reason == "Python traceback"


def test_what_surrounds_the_best_span_is_shown_behind_the_failures_and_marked() -> None:
    spans = find_failures(log_of("reading a.txt\nreading b.txt\n" + PYTHON + "bye\n"))
    assert [span.kind for span in spans] == ["python-traceback", "surroundings", "surroundings"]
    assert {line for span in spans for line in range(span.first, span.last + 1)} == set(range(1, 9))


def test_thousands_of_logged_errors_are_ranked_in_seconds() -> None:
    text = "".join(f"ERROR app: failed to open file {n}\n\nok\n" for n in range(5_000))
    spans = find_failures(log_of(text), 10**9)
    assert spans[0].kind != "last-output"
    assert len(spans) > 4_000


def test_an_exit_code_alone_is_shown() -> None:
    assert [(span.first, span.key) for span in find_failures(log_of("exited with 1"))] == [(1, 1)]


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("$ go build\nno Go files in /src/cmd\n", "go-no-files", "no Go files in /src/cmd"),
        (
            "package example.com/app: no Go files in /src/app\n",
            "go-no-files",
            "package example.com/app: no Go files in /src/app",
        ),
        (
            "starting\nUnrecognized VM option 'UseFastGC'\nError: Could not create the Java Virtual Machine.\n"
            "Error: A fatal exception has occurred. Program will exit.\n",
            "jvm-option",
            "Unrecognized VM option 'UseFastGC'",
        ),
        (
            "Invalid maximum heap size: -Xmx4gb\nError: Could not create the Java Virtual Machine.\n"
            "Error: A fatal exception has occurred. Program will exit.\n",
            "jvm-option",
            "Invalid maximum heap size: -Xmx4gb",
        ),
    ],
)
def test_a_tool_that_could_not_even_start_is_found(text: str, kind: str, key: str) -> None:
    found = first_of(text)
    assert (found[0], found[3]) == (kind, key)


@pytest.mark.parametrize(
    "end", ["2 passed in 3.32s", "12 passed, 1 skipped, 2 warnings in 0.50s", "# fail 0", "ℹ fail 0"]
)
def test_what_stands_before_the_end_of_a_quiet_run_that_passed_is_no_failure(end: str) -> None:
    assert not find_failures(log_of(f"Traceback (most recent call last): is what we render\nx\n{end}\n"))


@pytest.mark.parametrize(
    "line",
    [
        "-rw-r--r-- 1 root root  512 Nov 27 10:00 fatal exception.txt",
        "  inflating: errors/fatal error.txt",
        "  adding: fatal exception.txt (stored 0%)",
        "[main 3f1c2ab] Fix fatal error on missing key",
        "invoke-rc.d: could not determine current runlevel",
        'psql:schema.sql:3: NOTICE:  table "errors" does not exist, skipping',
        "  1 | fatal error in module",
        "* docs: skipped (interpreter 3.99 not found)",
    ],
)
def test_a_name_a_subject_or_a_notice_is_no_failure(line: str) -> None:
    assert not find_failures(log_of(f"begun\n{line}\nmade\n"))


@pytest.mark.parametrize(
    "line",
    [
        "[request 3f1c2ab9] Error: connect ECONNREFUSED 10.0.0.5:5432",
        "4711 | ERROR | the import failed",
        "  inflating: big.bin                error:  invalid compressed data to inflate",
    ],
)
def test_what_only_looks_like_a_subject_a_row_or_a_name_is_a_failure(line: str) -> None:
    assert find_failures(log_of(f"begun\n{line}\nmade\n"))


def test_a_service_that_does_not_start_is_a_failure_though_its_starter_talks_much() -> None:
    line = 'invoke-rc.d: initscript postgresql, action "start" failed.'
    assert first_of(f"invoke-rc.d: could not determine current runlevel\n{line}\n")[3] == line


def test_a_quiet_run_that_failed_is_a_failure() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in f',
        "KeyError: 'a'",
        "1 failed, 2 passed in 3.32s",
    ]
    assert find_failures(log_of("\n".join(lines)))


@pytest.mark.parametrize(
    "text",
    [
        "╭─── Traceback (most recent call last) ───╮\n│ /srv/a.py:3 in <module>                 │\n"
        "│                                         │\n│ ❱ 3 y = x / 0                           │\n"
        "╰─────────────────────────────────────────╯\nZeroDivisionError: division by zero",
        'Traceback (most recent call last):\n\n> File "/srv/a.py", line 4, in <module>\n    plugin(0)\n    │      └ 0\n'
        '\n  File "/srv/a.py", line 3, in plugin\n    return 10 / n\n                └ 0\n\n'
        "ZeroDivisionError: division by zero",
    ],
    ids=["rich", "loguru"],
)
def test_a_traceback_that_was_drawn_is_one_block(text: str) -> None:
    (span,) = find_failures(log_of(text))
    assert (span.first, span.last) == (1, text.count("\n") + 1)
    assert span.key == span.last
