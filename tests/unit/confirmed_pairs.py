"""Pairs of logs: of one failure in two places, and of two failures that only look like one.

``python``, ``java``, ``node`` and ``step`` put a sentence where its runtime prints it, each with surroundings of its own.
"""

# ruff: noqa: E501
# A log's line is one line here too.

from __future__ import annotations

PYTHON = """\
{before}
Traceback (most recent call last):
  File "{root}/{file}.py", line {line}, in <module>
    sys.exit(main())
  File "{root}/{package}/{file}.py", line {inner}, in {function}
    {code}
{said}
{after}
"""
JAVA = """\
{before}
Exception in thread "main" {said}
\tat {package}.{file}.{function}({file}.java:{inner})
\tat {package}.Main.main(Main.java:{line})
{after}
"""
NODE = """\
{before}
{root}/{package}/{file}.js:{inner}
    {code}
    ^

{said}
    at {function} ({root}/{package}/{file}.js:{inner}:11)
    at Object.<anonymous> ({root}/{file}.js:{line}:1)

Node.js {after}
"""
HERE = {
    "before": "2026-05-01 10:00:01 INFO starting job 17",
    "root": "/srv/app",
    "package": "billing",
    "file": "invoices",
    "function": "close_month",
    "line": "12",
    "inner": "41",
    "code": "check(table)",
    "after": "v20.11.0",
}
THERE = {
    "before": "+ exec bin/nightly --retries 3\nretrying once",
    "root": "/home/ci/work/9f2c",
    "package": "reports",
    "file": "nightly",
    "function": "collect",
    "line": "7",
    "inner": "230",
    "code": "ready = gate.open_for(day)",
    "after": "v24.1.0",
}


def here(form: str, said: str) -> str:
    """A log of ``form`` that says ``said`` in one place."""
    return form.format(said=said, **HERE)


def there(form: str, said: str) -> str:
    """The same in another place: other files, functions, folders and neighbours."""
    return form.format(said=said, **THERE)


def _twice(form: str, first: str, again: str) -> tuple[str, str]:
    return here(form, first), there(form, again)


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


SAME: dict[str, tuple[str, str]] = {
    "python, other days and path": _twice(
        PYTHON,
        "tariffs.errors.TariffError: tariff table for 2026-05 has 0 of 31 days in /data/tariffs/2026-05.parquet",
        "tariffs.errors.TariffError: tariff table for 2027-11 has 12 of 30 days in /mnt/x/tariffs/2027-11.parquet",
    ),
    "python, an error of its own in few words": _twice(
        PYTHON, "ledger.errors.LedgerMismatchError: the ledger is out of balance by 12.50",
        "ledger.errors.LedgerMismatchError: the ledger is out of balance by 3.01",
    ),
    "python, a version in the sentence": _twice(
        PYTHON, "RuntimeError: schema registry speaks protocol v1.4.2 but this worker was built for v1.6.0",
        "RuntimeError: schema registry speaks protocol v1.6.0 but this worker was built for v2.0.1",
    ),
    "python, versions of a library and its tag": _twice(
        PYTHON, "RuntimeError: kernels of acme-ops 2.1.0+cu121 were not built for python3.10, install the wheel of the mirror",
        "RuntimeError: kernels of acme-ops 2.3.0rc1+cu124 were not built for python3.12, install the wheel of the mirror",
    ),
    "python, a relative path": _twice(
        PYTHON, "feeds.FeedError: price feed data/2026/north.csv ends in the middle of a record",
        "feeds.FeedError: price feed archive/2027/old/south.csv ends in the middle of a record",
    ),
    "python, a name that was removed": _twice(
        PYTHON, "ImportError: cannot import name 'open_gate' from 'acme.gates' (/srv/app/.venv/lib/python3.11/site-packages/acme/gates.py)",
        "ImportError: cannot import name 'open_gate' from 'acme.gates' (/usr/lib/python3/dist-packages/acme/gates.py)",
    ),
    "java, ids and hosts by address": _twice(
        JAVA, "com.acme.LeaseException: lease 4711 of node 10.0.0.7:9042 was taken over by epoch 12, stop this writer",
        "com.acme.LeaseException: lease 99 of node 10.3.1.200:9042 was taken over by epoch 8131, stop this writer",
    ),
    "java, an uuid and a time": _twice(
        JAVA, "java.lang.IllegalStateException: tenant 1b4e28ba-2fa1-11d2-883f-0016d3cca427 was archived at 2026-03-01 04:00:00, thaw it first",
        "java.lang.IllegalStateException: tenant 6fa459ea-ee8a-3ca4-894e-db77e160355e was archived at 2025-12-24 18:30:12, thaw it first",
    ),
    "node, other numbers and release": _twice(
        NODE, "FlagError: flag set 4711 is frozen until release 3.2.1",
        "FlagError: flag set 12 is frozen until release 10.0.0",
    ),
    "node, an url": _twice(
        NODE, "Error: model index https://models.acme.example/v1/a.json is signed by a key that this build does not trust",
        "Error: model index https://mirror.acme.example/eu/b.json is signed by a key that this build does not trust",
    ),
    "gcc, a header of ours in another file": (
        _lines("gcc -O2 -c -o a.o src/a.c", "src/a.c:12:5: error: unknown type name 'acme_lease_t'; did you forget acme_config.h?",
               "make: *** [Makefile:3: a.o] Error 1"),
        _lines("gcc -g -c -o net/b.o net/b.c", "net/b.c:840:22: error: unknown type name 'acme_lease_t'; did you forget acme_config.h?",
               "make: *** [Makefile:99: net/b.o] Error 1"),
    ),
    "make, a licence server": (
        _lines("make[2]: Entering directory '/build/r1'",
               "licence check: seat 4 of 4 is taken on host lic-1.example.org since 09:13:22, giving up",
               "make[2]: *** [Makefile:12: licence] Error 3"),
        _lines("[14:01:02] step 7", "make: Entering directory '/home/ci/other/build'",
               "licence check: seat 16 of 16 is taken on host lic-1.example.org since 23:59:01, giving up",
               "make: *** [Makefile:48: licence] Error 3"),
    ),
    "shell, a deploy script": (
        _lines("+ ./deploy.sh staging", "error: release train 88 has left the station, wait for train 89", "deploy.sh: exit 4"),
        _lines("==> promote", "error: release train 120 has left the station, wait for train 121", "Process completed with exit code 4."),
    ),
    "rust, a panic in another file": (
        _lines("thread 'main' panicked at src/store.rs:88:9:", "shard map generation 17 is older than its journal, run the repair first",
               "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"),
        _lines("thread 'worker-3' panicked at crates/scan/src/lib.rs:512:17:",
               "shard map generation 4 is older than its journal, run the repair first",
               "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"),
    ),
}  # fmt: skip
"""Name → a log whose fix is confirmed, and the next log of the same failure."""

_OTHERS = {
    "assertion without words": (PYTHON, "AssertionError", "AssertionError"),
    "assertion of a status": (
        PYTHON, "AssertionError: Expected status code 200 but got 500 for the response",
        "AssertionError: Expected status code 201 but got 403 for the response",
    ),
    "assertion of two values": (PYTHON, "AssertionError: assert 3 == 4", "AssertionError: assert 17 == 2"),
    "assertion of a sum": (
        PYTHON, "AssertionError: total of the order lines should be 12.50 but was 13.00 after rounding",
        "AssertionError: total of the order lines should be 99 but was 0 after rounding",
    ),
    "junit": (
        JAVA, "org.opentest4j.AssertionFailedError: expected: <3> but was: <4>",
        "org.opentest4j.AssertionFailedError: expected: <200> but was: <404>",
    ),
    "jest": (
        NODE, "Error: expect(received).toBe(expected) // Object.is equality",
        "Error: expect(received).toBe(expected) // Object.is equality",
    ),
    "the same key elsewhere": (PYTHON, "KeyError: 'amount'", "KeyError: 'amount'"),
    "another key": (PYTHON, "KeyError: 'amount'", "KeyError: 'currency'"),
    "an index": (PYTHON, "IndexError: list index out of range", "IndexError: list index out of range"),
    "None": (
        PYTHON, "AttributeError: 'NoneType' object has no attribute 'total'",
        "AttributeError: 'NoneType' object has no attribute 'total'",
    ),
    "slices": (
        PYTHON, "TypeError: list indices must be integers or slices, not str",
        "TypeError: list indices must be integers or slices, not str",
    ),
    "concatenation": (
        PYTHON, 'TypeError: can only concatenate str (not "int") to str', 'TypeError: can only concatenate str (not "int") to str',
    ),
    "an undefined name": (PYTHON, "NameError: name 'frame' is not defined", "NameError: name 'frame' is not defined"),
    "an unbound name": (
        PYTHON, "UnboundLocalError: cannot access local variable 'rows' where it is not associated with a value",
        "UnboundLocalError: cannot access local variable 'rows' where it is not associated with a value",
    ),
    "shapes": (
        PYTHON, "RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x512 and 768x10)",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x100 and 200x2)",
    ),
    "broadcast": (
        PYTHON, "ValueError: operands could not be broadcast together with shapes (3,) (4,)",
        "ValueError: operands could not be broadcast together with shapes (10,2) (4,2)",
    ),
    "bytes": (
        PYTHON, "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x80 in position 731: invalid start byte",
    ),
    "JSON": (
        PYTHON, "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "json.decoder.JSONDecodeError: Expecting value: line 88 column 3 (char 4120)",
    ),
    "a command's status": (
        PYTHON, "subprocess.CalledProcessError: Command '['make', 'all']' returned non-zero exit status 2.",
        "subprocess.CalledProcessError: Command '['make', 'all']' returned non-zero exit status 1.",
    ),
    "HTTP of another service": (
        PYTHON, "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://a.example/x",
        "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://b.example/y/z",
    ),
    "a service's answer": (
        NODE, "AxiosError: Request failed with status code 500", "AxiosError: Request failed with status code 500",
    ),
    "a field that validation names": (
        PYTHON, "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
        "pydantic_core._pydantic_core.ValidationError: 3 validation errors for Settings",
    ),
    "something went wrong": (
        NODE, "Error: An unexpected error occurred while processing your request, see the log for details",
        "Error: An unexpected error occurred while processing your request, see the log for details",
    ),
    "null": (
        JAVA, "java.lang.IllegalArgumentException: The given value must not be null or empty",
        "java.lang.IllegalArgumentException: The given value must not be null or empty",
    ),
    "a null pointer told": (
        JAVA, 'java.lang.NullPointerException: Cannot invoke "Order.total()" because "order" is null',
        'java.lang.NullPointerException: Cannot invoke "Order.total()" because "order" is null',
    ),
    "a class cast": (
        JAVA, "java.lang.ClassCastException: class java.lang.String cannot be cast to class java.lang.Integer (java.lang.String and java.lang.Integer are in module java.base of loader 'bootstrap')",
        "java.lang.ClassCastException: class java.lang.String cannot be cast to class java.lang.Integer (java.lang.String and java.lang.Integer are in module java.base of loader 'bootstrap')",
    ),
    "time": (
        PYTHON, "TimeoutError: The operation did not complete within the allotted timeout of 30 seconds",
        "TimeoutError: The operation did not complete within the allotted timeout of 5 seconds",
    ),
    "a missing file": (
        PYTHON, "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/a.toml'",
        "FileNotFoundError: [Errno 2] No such file or directory: '/var/lib/b.json'",
    ),
    "a refused connection": (
        PYTHON, "ConnectionRefusedError: [Errno 111] Connection refused", "ConnectionRefusedError: [Errno 111] Connection refused",
    ),
    "unpacking": (
        PYTHON, "ValueError: not enough values to unpack (expected 3, got 2)", "ValueError: not enough values to unpack (expected 2, got 1)",
    ),
    "another quoted name": (
        PYTHON, "acme.PluginError: plugin 'export' is not licensed for this site", "acme.PluginError: plugin 'billing' is not licensed for this site",
    ),
    "one word more": (
        PYTHON, "tariffs.errors.CalendarError: calendar of 2026 names 0 of 12 holidays in /data/a.parquet",
        "tariffs.errors.CalendarError: calendar of 2026 names 0 of 12 movable holidays in /data/a.parquet",
    ),
    "another error with the sentence": (
        PYTHON, "acme.LeaseError: the lease of the writer ran out before the commit was through",
        "acme.AuditError: the lease of the writer ran out before the commit was through",
    ),
    "a shell's arguments": (NODE, "Error: Command failed: git clone --depth 1 main", "Error: Command failed: git clone --depth 1 main"),
    "a borrowed value": (
        "{said}\n --> src/{file}.rs:{inner}:9\n  |\n{inner} |     {code}\n  |     ^^^^\nerror: could not compile `app` (bin \"app\") due to 1 previous error\n",
        "error[E0382]: borrow of moved value: `rows`", "error[E0382]: borrow of moved value: `rows`",
    ),
    "types of a script": (
        "src/{file}.ts({inner},5): {said}\n",
        "error TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.",
        "error TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.",
    ),
}  # fmt: skip

OTHER: dict[str, tuple[str, str]] = {name: _twice(*row) for name, row in _OTHERS.items()} | {
    "only the exit": (
        _lines("running step", "Error: Process completed with exit code 1."),
        _lines("running another", "Error: Process completed with exit code 1."),
    ),
    "another file's syntax": (
        _lines("src/a.c:12:5: error: expected ';' before 'return'", "make: *** [Makefile:3: a.o] Error 1"),
        _lines("src/b.c:80:1: error: expected ';' before 'return'", "make: *** [Makefile:9: b.o] Error 1"),
    ),
    "a module by its path": (
        _lines("src/a.ts(3,1): error TS2307: Cannot find module './rates' or its corresponding type declarations."),
        _lines("src/b.ts(9,1): error TS2307: Cannot find module './months' or its corresponding type declarations."),
    ),
    "pytest's own summary": (
        _lines("=== short test summary info ===", "FAILED tests/test_a.py::test_total - assert 3 == 4", "=== 1 failed, 9 passed in 0.31s ==="),
        _lines("=== short test summary info ===", "FAILED tests/test_b.py::test_sum - assert 8 == 9", "=== 1 failed, 2 passed in 1.02s ==="),
    ),
}  # fmt: skip
"""Name → a log whose fix is confirmed, and a log of another failure that it must not answer."""

LITTLE = {
    "killed": (_lines("+ ./train", "Killed"), _lines("+ ./index --all", "Killed")),
    "segmentation fault": (
        _lines("./a.sh: line 3: 4711 Segmentation fault      (core dumped) ./bin/a"),
        _lines("./b.sh: line 9: 12 Segmentation fault      (core dumped) ./bin/b"),
    ),
}
"""Name → two logs of which nobody can say whether they are one failure: they tell no place, and in few words."""
