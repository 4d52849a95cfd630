"""Reports that tools leave of what they died of, and what libraries print around it."""

from __future__ import annotations

import pytest
from outcome_samples import CRASH, STEPS, chance_of

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.outcome import THRESHOLD, UNTOLD

NPM = [
    "0 info it worked if it ends with ok",
    "1 verbose cli [ '/usr/bin/node', '/usr/bin/npm', 'start' ]",
    "2 info using npm@3.10.10",
    "10 error path /srv/mill/package.json",
    "11 error code ENOENT",
    "14 error enoent ENOENT: no such file or directory, open '/srv/mill/package.json'",
    "15 error enoent and is related to npm not being able to find a file.",
    "16 verbose exit [ -2, true ]",
]
YARN = [
    "Arguments: ",
    "  /usr/bin/node /usr/bin/yarn add mil",
    "",
    "PATH: ",
    "  /usr/local/bin:/usr/bin",
    "",
    "Trace: ",
    "  Error: https://registry.yarnpkg.com/mil: Not found",
    "      at Request.params.callback [as _callback] (/usr/lib/yarn/lib/cli.js:66148:18)",
    "",
    "npm manifest: ",
    "  {",
    '    "name": "mill",',
    "  }",
]
NEXT = [
    "   Creating an optimized production build ...",
    " ✓ Compiled successfully",
    "> Build error occurred",
    "[Error: spawn EPERM] { errno: -4048, code: 'EPERM', syscall: 'spawn' }",
]
PRERENDER = [
    "   Generating static pages (7/10) ",
    'Error occurred prerendering page "/mill". Read more: https://nextjs.org/docs/messages/prerender-error',
    "TypeError: Cannot read properties of undefined (reading 'hopper')",
    "    at a (/srv/mill/.next/server/chunks/117.js:5:42255)",
    "Export encountered an error on /mill/page: /mill, exiting the build.",
    " ⨯ Next.js build worker exited with code: 1 and signal: null",
]
JVM = [
    "#",
    "# There is insufficient memory for the Java Runtime Environment to continue.",
    "# Native memory allocation (malloc) failed to allocate 2410416 bytes for Chunk::new",
    "# Possible reasons:",
    "",
    *STEPS,
    "Loaded modules: all ok",
]
LARAVEL = [
    "[2026-02-28 13:18:21] production.INFO: ground 40 sacks  ",
    "[2026-02-28 13:19:03] production.ERROR: no hopper "
    '{"userId":1,"exception":"[object] (RuntimeException(code: 0): no hopper at /srv/mill.php:7)',
    "[stacktrace]",
    "#0 /srv/mill.php(9): Mill->grind()",
    "#1 {main}",
    '"} ',
]


@pytest.mark.parametrize(
    ("log", "key"),
    [
        (NPM, NPM[5]),
        (YARN, YARN[7]),
        (NEXT, NEXT[3]),
        (PRERENDER, PRERENDER[2]),
        (JVM, JVM[1]),
        (LARAVEL, LARAVEL[1]),
    ],
    ids=["npm's debug log", "yarn-error.log", "next build", "prerendering", "hs_err", "Monolog"],
)
def test_a_report_tells_what_died_and_of_what(log: list[str], key: str) -> None:
    assert chance_of(*log) > THRESHOLD
    assert key in [log[block.key] for block in survey(log).blocks]


@pytest.mark.parametrize(
    "told",
    [
        ["Flutter crash report.", "## exception", "FileSystemException: Cannot create link", "• No issues found!"],
        ["> Task :app:checkDebugAarMetadata FAILED", "2 actionable tasks: 1 executed, 1 up-to-date"],
        ["  Installing build dependencies: started", "  Installing build dependencies: finished with status 'error'"],
        ["Failed to compile.", "./mill.jsx", "Module not found", "> Build failed because of webpack errors", "done"],
    ],
    ids=["Flutter", "Gradle", "pip", "webpack"],
)
def test_an_end_that_is_told_in_a_tools_own_words_is_a_bad_one(told: list[str]) -> None:
    assert chance_of(*told) == 1.0


def test_what_mocha_counts_as_passing_is_no_good_end_beside_what_fails() -> None:
    failing = ["  1 passing (2ms)", "  1 failing", "", "  1) mill", "       grinds:", "     AssertionError: no hopper"]
    assert chance_of("  3 passing (1s)", "", *STEPS) < THRESHOLD
    assert chance_of(*failing) > THRESHOLD
    assert chance_of("  3 passing (1s)", "", *failing) > THRESHOLD


def test_what_a_library_takes_its_leave_with_says_nothing_of_the_end() -> None:
    leave = ["wandb: ", "wandb: Run history:", "wandb:  loss █▁", "wandb: Synced 5 W&B file(s), 0 other file(s)"]
    assert chance_of(*STEPS, *CRASH, *leave) == 1.0
    assert chance_of(*STEPS, "model saved to mill.bin", *leave) <= UNTOLD


def test_a_record_that_logging_could_not_format_failed_nothing() -> None:
    assert chance_of(*STEPS, "--- Logging error ---", *CRASH, *STEPS) <= UNTOLD
    assert chance_of(*STEPS, "10it [00:07,  1.39it/s]--- Logging error ---", *CRASH, *STEPS) <= UNTOLD


@pytest.mark.parametrize(
    "told",
    [
        "2026-04-25 16:24:20 INFO: Loaded encoder with missing keys: [], unexpected keys: []",
        "[!] DISCOVERY: hidden symmetries found",
        "  1) libfabric/1.10.1   2) openmpi/4.0.3   3) ucx/1.8.0",
        "There were missing keys in the checkpoint model loaded: ['lm_head.weight'].",
        "127.0.0.1 - - [29/Nov/2026 02:12:51] code 404, message File not found",
        "2026-11-29 02:14:39.344 UTC [36] FATAL:  terminating connection due to administrator command",
    ],
)
def test_words_of_failure_that_mean_none(told: str) -> None:
    assert chance_of(*STEPS, told, *STEPS) <= UNTOLD


def test_success_and_failure_are_read_in_other_languages() -> None:
    record = "2026-01-04 17:18:06,410 - ERROR - no hopper"
    for good in ("Treinamento concluído com sucesso", "Mühle erfolgreich beendet", "Мельница успешно запущена"):
        assert chance_of(record, *STEPS, good) < THRESHOLD
    for bad in ("Erro: sem moinho", "Fehler: keine Mühle", "Erreur : pas de moulin", "Ошибка: нет мельницы"):
        assert chance_of(*STEPS, bad) > THRESHOLD


def test_the_cells_of_a_table_count_nothing() -> None:
    table = [
        "NAME                     READY   STATUS             RESTARTS   AGE",
        "mill-756fc6f94c-gcs4k    0/1     ImagePullBackOff   0          13m",
        "mill-c95765fd4-kmqzg     1/1     Running            0          74m",
    ]
    assert chance_of(*table) > THRESHOLD


def test_a_part_that_failed_is_no_count_of_none() -> None:
    assert chance_of(*STEPS, *CRASH, "Error: ShardCannotStart: shard 0 failed to start") > THRESHOLD


def test_a_package_of_go_that_passed_hides_none_that_did_not() -> None:
    failed = ["--- FAIL: TestGrind (0.01s)", "    mill_test.go:75: no hopper", "FAIL", "FAIL\texample.com/mill\t0.013s"]
    passed = ["--- PASS: TestSow (0.00s)", "PASS", "ok  \texample.com/field\t0.013s"]
    assert chance_of(*failed, *passed, "FAIL") == 1.0
    assert chance_of(*passed) < THRESHOLD


def test_a_linters_count_of_errors_is_a_bad_end() -> None:
    finding = ["/srv/mill.ts", "  11:35  error  Parsing error: Unexpected token as", ""]
    assert chance_of(*finding, "✖ 1 problem (1 error, 0 warnings)") == 1.0
    assert chance_of("/srv/mill.ts", "  1:1  warning  sow is never read", "✖ 1 problem (0 errors, 1 warning)") < 1.0


def test_a_record_of_ansibles_log_is_read_without_its_prefix() -> None:
    told = "2021-03-02 12:20:48,611 p=16401 u=jo n=ansible | ERROR! No argument passed to command module"
    assert [block.rule.kind for block in survey([told]).blocks] == ["error-line"]


@pytest.mark.parametrize(
    "told",
    [
        ["ERROR STOP 3", *STEPS],
        ["Key 'fused' is not in struct", "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace."],
    ],
    ids=["Fortran", "Hydra"],
)
def test_an_end_that_stands_above_what_was_written_before_it_is_a_bad_one(told: list[str]) -> None:
    assert chance_of(*told) == 1.0


def test_a_last_line_that_says_what_never_came_is_no_good_end() -> None:
    assert chance_of("queue lag 412s (limit 60s)", "the mill never caught up with the queue") > UNTOLD


def test_an_exit_after_which_it_is_begun_again_and_done_is_none() -> None:
    tries = [*STEPS, "--- exit code 143, requeueing", *STEPS]
    assert chance_of(*tries) == 1.0
    assert chance_of(*tries, "--- training completed after 2 attempts") < THRESHOLD


def test_a_development_server_that_compiled_in_the_end_failed_nothing() -> None:
    failed = ["Compiling...", "Failed to compile.", "", "SyntaxError: mill.jsx: Unexpected token (3:1)", ""]
    assert chance_of(*failed) > THRESHOLD
    assert chance_of(*failed, "Compiling...", "Compiled successfully!", *STEPS, "Compiled successfully!") < THRESHOLD
