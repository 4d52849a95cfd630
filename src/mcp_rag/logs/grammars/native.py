"""C and C++: compilers, linkers, make, ninja, CMake, autotools, sanitizers, gtest, ctest; Swift and Xcode share their shape."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

from mcp_rag.logs.grammars.rule import INDENTED, ONE_LINE, Extent, Passage, Role, reach, rule

_LEADS = r"^In file included from |^\s+from \S+:\d+|: In (?:static |member |lambda )*(?:function|constructor|destructor|instantiation|substitution)|: At (?:global|top) (?:scope|level)|In instantiation of|required from"
_UNDER = r"^[ \t]|: note: |^\S+: In (?:member )?function|^In file included from |^compilation terminated"

_under = re.compile(_UNDER + r"|^\d+ (?:warnings? and \d+ )?errors? generated")
_leads = re.compile(_LEADS)
_caret = re.compile(r"^\s*(?:\d+ \|)?\s*[\^~]+")


def _diagnostic(passage: Passage, at: int) -> Extent:
    """What leads to the error, its line, the source line that clang prints without indentation, its notes."""
    first = last = at
    while first > 0 and at - first < 12 and _leads.search(passage[first - 1]):
        first -= 1
    end = min(len(passage), at + 60)
    while last + 1 < end and passage[last + 1].strip():
        under_caret = last + 2 < end and _caret.match(passage[last + 2])
        if not (under_caret or _under.search(passage[last + 1])):
            break
        last += 1
    return first, last, at


RULES = (
    rule("gcc-error", Role.COMPILE, "error: |error :", r"^\s{0,12}[^\s:][^:\n]{0,300}:\d+(?::\d+)?: (?:fatal |internal compiler |Parse |syntax |Syntax )?[Ee]rror\s?:",
         _diagnostic, "compile error", "c++", "gcc", merges=3),
    rule("compiler-crash", Role.COMPILE, "internal compiler error|stack dump:", r"internal compiler error: |^Stack dump:", INDENTED, "the compiler crashed", "c++", "gcc"),
    rule("msvc-error", Role.COMPILE, "error c|error lnk|error :|: error: |: fatal error", r"^\S.*\(\d+(?:,\d+)?\)\s?: (?:fatal )?error(?: (?:C|D|RC)\d{4})?\s?: |: (?:fatal )?error LNK\d+", reach(r"^[ \t]"), "compile error", "c++", "msvc", merges=2),
    rule("clang-tool-error", Role.COMPILE, "clang|gcc|g++|cc1|nvcc|ptxas|swiftc|fatal   :", r"^(?:\S*/)?(?:clang(?:\+\+)?|gcc|g\+\+|cc1(?:plus)?|nvcc|ptxas|swiftc)(?:-\d+)?(?:\.exe)? ?(?:fatal|error)?\s?: (?:fatal )?(?:error|warning as error)\s?: (?!linker command failed)",
         ONE_LINE, "the compiler refused its input", "c++", "gcc"),
    rule("linker-error", Role.COMPILE, "undefined reference|cannot find -l|multiple definition of|undefined symbol|symbol(s) not found|duplicate symbol|cannot find entry symbol|relocation r_|file not recognized|library not found|first defined here|unresolved external",
         r"undefined reference to|cannot find -l|multiple definition of|[Uu]ndefined symbols?\b|symbol\(s\) not found|duplicate symbol|relocation R_\w+ against|file (?:format )?not recognized|library not found for|unresolved external",
         reach(r"^\s|undefined reference|multiple definition|first defined here|more undefined|: In function|relocation ", before=r": In function `|^ld: |^\S*ld(?:\.\w+)?: ", key="undefined|cannot find|multiple|duplicate|not found"), "linker error", "c++", "ld", merges=1),
    rule("linker-gave-up", Role.CONSEQUENCE, "ld returned|linker command failed", r"ld returned \d+ exit status|linker command failed", reason="the linker gave up", language="c++", tool="ld"),
    rule("cmake-error", Role.COMPILE, "cmake error", r"^CMake Error\b", reach(r"^\s|^Call Stack", blanks=1, key=r"^  \S|CMake Error: "), "CMake error", None, "cmake", merges=3),
    rule("cmake-incomplete", Role.CONSEQUENCE, "configuring incomplete|build step for", r"^-- Configuring incomplete", reason="CMake gave up", tool="cmake"),
    rule("configure-error", Role.TOOL, "configure: error", r"^configure: error: ", reach(r"^configure: error|^See `config|^\s+\S"), "configure could not go on", None, "autoconf"),
    rule("make-no-rule", Role.TOOL, "*** ", r"^\S*make(?:\[\d+\])?: \*\*\* (?:No rule|No targets|missing|multiple|target|\w+ .*Stop|.*停止。)|^\S+:\d+: \*\*\* .*(?:Stop\.|停止。)", reason="make has nothing to build it with", tool="make"),
    rule("make-error", Role.CONSEQUENCE, "*** [|*** wait|recipe for target", r"^\S*make(?:\.exe)?(?:\[\d+\])?: \*\*\* |recipe for target .* failed", reason="make gave up", tool="make", merges=3),
    rule("ninja-error", Role.TOOL, "ninja: error|ninja: fatal", r"^ninja: (?:error|fatal): ", reason="ninja could not go on", tool="ninja"),
    rule("ninja-failed", Role.CONSEQUENCE, "failed: ", r"^FAILED: (?:\[code=\d+\] )?\S+(?: \S+){0,3}\s*$", reach(needs=r"^(?::|cd|\S*/\S+|cc|c\+\+|gcc|g\+\+|clang\S*|nvcc|ccache|python3?|ar|ld|cmake|rustc)\s|^ninja: "), reason="the step that ninja gave up on", tool="ninja"),
    rule("ninja-stopped", Role.CONSEQUENCE, "ninja: build stopped", r"^ninja: build stopped", reason="ninja gave up", tool="ninja"),
    rule("sanitizer", Role.CRASH, "sanitizer:|runtime error:", r"==\d+==\s?ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|\S+:\d+:\d+: runtime error: ",
         reach(stop=r"^SUMMARY", blanks=1, limit=80), "sanitizer report", "c++", "sanitizer"),
    rule("valgrind", Role.CRASH, "invalid read|invalid write|definitely lost", r"^==\d+== (?:Invalid (?:read|write)|.*definitely lost: [1-9])", reach(r"^==\d+==\s+(?:at|by|Address)"), "valgrind report", "c++", "valgrind"),
    rule("cpp-terminate", Role.CRASH, "terminate called|libc++abi", r"terminate called (?:after|without)|^libc\+\+abi", reach(r"^\s+what\(\)|^Aborted"), "uncaught C++ exception", "c++", None),
    rule("assertion", Role.CRASH, "assertion ", r"Assertion [`'\"].*['\"]? failed|: Assertion .* failed\.|^Assertion failed: ", ONE_LINE, "assertion failed", "c", None),
    rule("glibc-abort", Role.CRASH, "*** stack smashing|double free|corrupted size|free(): invalid|malloc(): |glibc detected", r"\*\*\* (?:stack smashing|Error in|buffer overflow)|^(?:double free or|corrupted size vs|free\(\): |malloc\(\): )", ONE_LINE, "the heap or stack was corrupted", "c", None),
    rule("gtest-failure", Role.TEST, ": failure", r"^\S+:\d+: Failure$", reach(stop=r"^\[", blanks=1, key=r"^(?:Expected|Value of|The difference|\s+Which)"), "failed googletest test", "c++", "gtest", merges=3),
    rule("gtest-failed", Role.CONSEQUENCE, "[  failed  ]", r"^\[  FAILED  \]", reach(r"^\[  FAILED  \]"), "googletest's list of failures", "c++", "gtest"),
    rule("catch-failure", Role.TEST, "failed:", r"^\S+:\d+: FAILED:$", reach(blanks=1, stop=r"^(?:-{20,}|={20,}|\.{20,})"), "failed Catch2 test", "c++", "catch2", merges=3),
    rule("ctest-failed", Role.CONSEQUENCE, "the following tests failed|errors while running ctest", r"^The following tests FAILED:|^Errors while running CTest", reach(r"^\s+\d+ - "), "ctest's list of failures", "c++", "ctest"),
    rule("ctest-test", Role.TEST, "***failed|***exception|***timeout|***not run", r"\*\*\*(?:Failed|Exception|Timeout|Not Run)", reach(stop=r"^\s*(?:Start\s+\d+: |\d+/\d+ Test )|^\d+% tests", blanks=1, limit=60), "failed ctest test", "c++", "ctest"),
    rule("xcode-failed", Role.CONSEQUENCE, "build failed **|test failed **|the following build commands failed", r"^\*\* \w+ FAILED \*\*|^The following build commands failed", INDENTED, "Xcode gave up", "swift", "xcodebuild"),
    rule("xcode-error", Role.TOOL, "xcodebuild: error|❌", r"^xcodebuild: error: |❌", INDENTED, "Xcode could not go on", "swift", "xcodebuild"),
    rule("xctest-failure", Role.TEST, " : ", r"^\S+:\d+: error: -\[", INDENTED, "failed XCTest test", "swift", "xctest"),
)
