"""What programs of further languages really print when they fail: the first span, its key, what it is called."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.incident import describe
from mcp_rag.logs.log import Log

CASES = {
    "lua-error": ("begin\nlua5.4: main.lua:2: attempt to index a nil value (field 'host')\nstack traceback:\n\tmain.lua:2: in local 'load'\n\t[C]: in ?\n", 2, (2, 5)),
    "tcl-error": ('go\ncan\'t read "y": no such variable\n    while executing\n"expr {$x + $y}"\n    (procedure "f" line 1)\n', 2, (2, 5)),
    "sbcl-error": ("go\nUnhandled UNBOUND-VARIABLE in thread #<SB-THREAD:THREAD {1001348003}>:\n  The variable Y is unbound.\n\nBacktrace for: #<SB-THREAD:THREAD {1001348003}>\n0: (F 1)\n", 3, (2, 6)),
    "crystal-exception": ("go\nUnhandled exception: Index out of bounds (IndexError)\n  from a.cr:3:6 in '__crystal_main'\n  from ???\n", 2, (2, 4)),
    "nim-exception": ("go\n/srv/a.nim(4) a\n/srv/a.nim(3) f\nError: unhandled exception: index 5 not in 0 .. 1 [IndexDefect]\n", 4, (2, 4)),
    "dart-exception": ("Unhandled exception:\nRangeError (index): Invalid value: 5\n#0      List.[] (dart:core-patch)\n#1      main (a.dart:3:8)\n", 2, (1, 4)),
    "meson-error": ('Run-time dependency libnosuch found: NO\n\nmeson.build:2:0: ERROR: Dependency "libnosuch" not found\n\nA full log can be found at meson-log.txt\n', 3, (3, 3)),
    "placed-error": ('Compiling a.pas\na.pas(4,7) Error: Identifier not found "j"\na.pas(7) Fatal: There were 1 errors compiling module, stopping\nFatal: Compilation aborted\n', 2, (2, 2)),
    "pascal-runtime": ("go\nRuntime error 200 at $00000000004010EF\n  $00000000004010EF  main,  line 4 of a.pas\n", 2, (2, 3)),
    "ada-exception": ("go\n\nraised CONSTRAINT_ERROR : a.adb:7 index check failed\n", 3, (3, 3)),
    "fortran-runtime": ("At line 2 of file a.f90 (unit = 10)\nFortran runtime error: Cannot open file 'nosuch.dat': No such file or directory\n", 2, (1, 2)),
    "gfortran-error": ("a.f90:4:6:\n\n    4 |  i = j + 1\n      |      1\nError: Symbol 'j' at (1) has no IMPLICIT type\n", 5, (1, 5)),
    "ocaml-error": ('File "a.ml", line 2, characters 22-27:\n2 | let () = print_string (f 2)\n                          ^^^^^\nError: This expression has type int\n', 4, (1, 4)),
    "dune-diff": ('File "t.expected", line 1, characters 0-0:\n         git (internal) (exit 1)\n(cd _build/default && git diff)\n--- a/t.expected\n+++ b/t.output\n@@ -1 +1 @@\n-10000 -> 0%\n+10000 -> 20%\n', 7, (1, 8)),
    "java-thrown": ("closing 4712\nStatementMismatch: account 4712: 9.99\n\tat Statement$.close(Statement.scala:8)\n\tat Statement.main(Statement.scala)\nbye\n", 2, (2, 4)),
    "node-uncaught": ("start\nnode:internal/process/promises:391\n    triggerUncaughtException(err, true /* fromPromise */);\n    ^\n\nbrowserType.launch: Executable doesn't exist\n    at /builds/smoke.js:4:28\n\nNode.js v20.20.2\n", 6, (2, 7)),
    "pre-commit-mended": ("black....................Failed\n- hook id: black\n- files were modified by this hook\n\nreformatted a.py\n", 3, (1, 3)),
    "ocaml-exception": ("x\nFatal error: exception Not_found\nRaised at Stdlib__List.find in file \"list.ml\", line 225\n", 2, (2, 3)),
    "haskell-exception": ("go\nA: Prelude.head: empty list\n", 2, (2, 2)),
    "haskell-callstack": ("go\nA: no rate for EUR\nCallStack (from HasCallStack):\n  error, called at A.hs:3:8 in main:Main\n", 2, (2, 4)),
    "shellcheck": ("\nIn a.sh line 2:\nfor f in $(ls *.txt); do rm $f; done\n         ^---------^ SC2045 (error): Iterating over ls output is fragile.\n\nDid you mean: \n", 4, (2, 4)),
    "sqlite-error": ("Parse error near line 2: no such table: nope\n", 1, (1, 1)),
    "perl-said": ("go\nbalance below zero: -4 at a.pl line 3.\n", 2, (2, 2)),
    "erlang-boot": ('hi\ninit terminating in do_boot ({function_clause,[{lists,nth,[3,[_]],[{_},{_}]}]})\n', 2, (2, 2)),
    "eslint-crash": ("\nOops! Something went wrong! :(\n\nESLint: 9.39.5\n\nNo files matching the pattern \"nosuch.js\" were found.\nPlease check for typing mistakes in the pattern.\n\n", 6, (2, 7)),
    "cypress-missing": ("go\nNo version of Cypress is installed in: /root/.cache/Cypress/15.3.0/Cypress\n\nPlease reinstall Cypress\n", 2, (2, 2)),
    "yarn-berry-refused": ("➤ YN0000: ┌ Post-resolution validation\n➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.\n➤ YN0000: └ Completed\n➤ YN0000: · Failed with errors in 0s 129ms\n", 2, (2, 2)),
    "coverage-gate": ('PASS ./a.test.js\nJest: "global" coverage threshold for functions (90%) not met: 50%\nTests:       1 passed, 1 total\n', 2, (2, 2)),
    "dotnet-no-sdk": ("$ dotnet build\nThe command could not be loaded, possibly because:\n  * You intended to execute a .NET SDK command:\n      A compatible .NET SDK was not found.\n\nRequested SDK version: 10.0.300\n", 4, (2, 6)),
    "apache-config": ("go\napache2: Syntax error on line 6 of /srv/a.conf: </VirtualHost> without matching <VirtualHost> section\n", 2, (2, 2)),
    "haproxy-alert": ("[NOTICE]   (7) : haproxy version is 2.6.12\n[ALERT]    (7) : config : parsing [kw.cfg:3] : unknown keyword 'nosuchkw' in 'frontend' section\n[ALERT]    (7) : config : Fatal errors found in configuration.\n", 2, (2, 2)),
    "dbt-error": ("09:14:46  Running with dbt=1.9.8\n09:14:46  Encountered an error:\nParsing Error\n  Env var required but not provided: 'NOSUCH'\n", 4, (2, 4)),
    "shell-refused": ("go\nu8.sh: line 2: export: `MY-VAR=1': not a valid identifier\n", 2, (2, 2)),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_its_failure_is_found_whole(kind: str) -> None:
    text, key, extent = CASES[kind]
    log = Log("x", text.encode())
    span = find_failures(log)[0]
    assert (span.kind, span.key, (span.first, span.last)) == (kind, key, extent)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a.js:1\nSyntaxError: Unexpected token ';'\n    at wrapSafe (node:internal/modules/cjs/loader:1464:18)\n", "javascript"),
        ("x\nFatal error: exception Not_found\n", "ocaml"),
        ("    [javac] /srv/A.java:1: error: package org.nope does not exist\n    [javac] import org.nope.X;\n", "java"),
    ],
)  # fmt: skip
def test_no_language_is_taken_for_another(text: str, language: str) -> None:
    log = Log("x", text.encode())
    assert describe(log, find_failures(log), str).language == language


def test_a_perl_warning_is_no_failure() -> None:
    log = Log("x", b"Use of uninitialized value $x in addition (+) at a.pl line 3.\ndone\n")
    assert find_failures(log) == []
