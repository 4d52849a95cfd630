"""What tools print when they fail, and what looks like it in runs that passed."""

PYTHON = """\
loading model
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    import torch
ModuleNotFoundError: No module named 'torch'
"""

CHAINED = """\
start
Traceback (most recent call last):
  File "a.py", line 1, in f
    d['x']
    ~^^^^^
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise ValueError("no setting x") from None
ValueError: no setting x
make: *** [Makefile:2: run] Error 1
"""

PREFIXED = """\
2026-11-24 10:00:01 [rank0]: step 1
2026-11-24 10:00:02 [rank0]: Traceback (most recent call last):
2026-11-24 10:00:02 [rank0]:   File "train.py", line 9, in main
2026-11-24 10:00:02 [rank0]:     loss.backward()
2026-11-24 10:00:02 [rank0]: RuntimeError: CUDA error: out of memory
2026-11-24 10:00:03 [rank0]: cleaning up
"""

GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "g.py", line 4, in <module>
  |     raise ExceptionGroup("many", [ValueError(1)])
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | ValueError: 1
    +------------------------------------
"""

JAVA = """\
INFO starting
Exception in thread "main" java.lang.IllegalStateException: cannot start
\tat org.example.App.main(App.java:12)
Caused by: java.io.FileNotFoundException: conf.yml
\tat org.example.Conf.read(Conf.java:40)
\t... 1 more
done
"""

GO = """\
listening
panic: runtime error: index out of range [3] with length 2

goroutine 1 [running]:
main.main()
\t/src/main.go:8 +0x1d
exit status 2
"""

RUST = """\
   Compiling demo v0.1.0 (/src/demo)
error[E0308]: mismatched types
 --> src/main.rs:2:18
  |
2 |     let x: i32 = "a";
  |            ---   ^^^ expected `i32`, found `&str`

error: aborting due to 1 previous error

For more information about this error, try `rustc --explain E0308`.
error: could not compile `demo` (bin "demo") due to 1 previous error
"""

NODE = """\
node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module 'express'
Require stack:
- /srv/app.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at Module._load (node:internal/modules/cjs/loader:1051:27) {
  code: 'MODULE_NOT_FOUND'
}

Node.js v20.11.0
"""

GCC = """\
gcc -Wall -Werror -c -o error.o error.c
In file included from main.c:1:
conf.h:3:5: warning: unused variable 'x' [-Wunused-variable]
main.c: In function 'main':
main.c:7:3: error: unknown type name 'sise_t'
    7 |   sise_t n;
      |   ^~~~~~
make: *** [Makefile:4: main.o] Error 1
"""

LINKER = """\
gcc -o app main.o
/usr/bin/ld: main.o: in function `main':
main.c:(.text+0x15): undefined reference to `deflate'
collect2: error: ld returned 1 exit status
make: *** [app] Error 1
"""

PYTEST = """\
collected 2 items
test_a.py F.                                                             [100%]

=================================== FAILURES ===================================
__________________________________ test_error __________________________________

    def test_error():
>       assert parse("1") == 2
E       AssertionError: assert 1 == 2

test_a.py:4: AssertionError
=========================== short test summary info ============================
FAILED test_a.py::test_error - AssertionError: assert 1 == 2
========================= 1 failed, 1 passed in 0.03s ==========================
"""

GRADLE = """\
> Task :compileJava FAILED

FAILURE: Build failed with an exception.

* What went wrong:
Execution failed for task ':compileJava'.
> Could not find com.example:gone:1.0.

* Try:
> Run with --stacktrace option to get the stack trace.

BUILD FAILED in 2s
"""

CMAKE = """\
-- Looking for error.h - not found
CMake Error at CMakeLists.txt:4 (find_package):
  Could not find a package configuration file provided by "OpenCV".

Call Stack (most recent call first):
  CMakeLists.txt:9 (include)


-- Configuring incomplete, errors occurred!
"""

TSC = """\
> tsc -p .
src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.
npm ERR! code ELIFECYCLE
npm ERR! errno 2
"""

SHELL = """\
$ ./deploy.sh
./deploy.sh: line 3: helm: command not found
Error: Process completed with exit code 127.
"""

GOTEST = """\
=== RUN   TestSum
    sum_test.go:8: Sum(1, 2) = 4, want 3
--- FAIL: TestSum (0.00s)
--- PASS: TestErrorPath (0.00s)
FAIL
FAIL\texample.org/sum\t0.002s
"""

KERNEL = """\
[  101.1] systemd[1]: Started Session 4.
[  102.2] Out of memory: Killed process 4242 (python3) total-vm:9000000kB
"""

CLEAN_PYTEST = """\
tests/test_errors.py::test_error_is_raised PASSED                        [ 33%]
tests/test_errors.py::test_fails_on_exception PASSED                     [ 66%]
tests/test_fatal.py::test_panic_error PASSED                             [100%]
=============================== warnings summary ===============================
  /usr/lib/python3/x.py:3: DeprecationWarning: error handling is deprecated
======================== 3 passed, 1 warning in 0.12s =========================
"""

CLEAN_MAVEN = """\
[WARNING] Using platform encoding; failed to find project.build.sourceEncoding
[INFO] Running org.example.ErrorHandlerTest
java.lang.IllegalStateException: expected by the test
\tat org.example.ErrorHandlerTest.throwsError(ErrorHandlerTest.java:12)
[INFO] Tests run: 4, Failures: 0, Errors: 0, Skipped: 0
[INFO] BUILD SUCCESS
"""

CLEAN_GRADLE = """\
> Task :test
warning: [deprecation] Error in java.lang has been deprecated
ErrorTest > failsWhenBroken PASSED
BUILD SUCCESSFUL in 12s
"""

CLEAN_NPM = """\
npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory. Do not use it.
added 312 packages, and audited 313 packages in 9s
found 0 vulnerabilities
"""

CLEAN_GCC = """\
gcc -Wall -Wno-error -c -o error.o src/error.c
src/error.c:3:7: warning: unused variable 'failed' [-Wunused-variable]
gcc -o app error.o fatal.o
[100%] Built target app
"""

CLEAN_TRAVIS = """\
$ make test
0 errors, 0 failures
no errors found
The command "make test" exited with 0.
Done. Your build exited with 0.
"""

CLEAN_RETRY = """\
curl: (7) Failed to connect to mirror port 443
retrying in 1 s
Job succeeded
"""
