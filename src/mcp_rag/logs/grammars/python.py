"""Python: tracebacks in all their forms, pytest, unittest, pip and its relatives, checkers."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

from mcp_rag.logs.grammars.rule import LONGEST_BLOCK, ONE_LINE, Extent, Passage, Role, reach, rule

_RAISED = re.compile(r"^[| ]{0,8}(?=\S)[A-Za-z_][\w.]*(?::\s|:?$)")
_CHAIN = re.compile(r"During handling of the above exception|The above exception was the direct cause|Original Traceback")
_GOES_ON = re.compile(_CHAIN.pattern + r"|Traceback \(most recent call last\)|^\s*[+|]")
_HEAD = re.compile(r"Traceback \(most recent call last\)")
_INSIDE = re.compile(r"^[ \t]|^[|+]|^> File |^[│╭╰]|^$")
"""Loguru points at the frame that caught it, rich draws a box around all."""
_REFERS = re.compile(r"\bCaught \w+ in |look up to see|following error|[Ss]ee (?:root cause )?above|ChildFailedError|SystemExit")
"""A last exception that says no more than an earlier one of its chain, to which it refers."""


def _traceback(passage: Passage, at: int) -> Extent:
    """From the head to the line that names the exception, over chains and groups.

    The key is the last exception of a chain, which is what a person sees and searches for, unless it refers to
    an earlier one ("look up to see its traceback").
    """
    last = at
    i, end = at + 1, min(len(passage), at + LONGEST_BLOCK)
    keys: list[int] = []
    while i < end:
        text = passage[i]
        if _HEAD.search(text) or _CHAIN.search(text):
            last = i
        elif _RAISED.match(text) and not _looks_inside(text):
            keys.append(i)
            i = _message_end(passage, i, end)
            last = i - 1
            following = next((j for j in range(i, min(i + 3, end)) if passage[j].strip()), None)
            if following is None or not _GOES_ON.search(passage[following]):
                break
            last, i = following, following
        elif not _INSIDE.match(text):
            break
        elif text.strip():
            last = i
        i += 1
    telling = [k for k in keys if not _REFERS.search(passage[k])]
    return at, last, (telling or keys or [last])[-1]


def _looks_inside(text: str) -> bool:
    """Whether a line is part of a frame: indented deeper than the bar of an exception group."""
    return text[:1] in " \t" and "|" not in text[:8]


def _message_end(passage: Passage, raised: int, end: int) -> int:
    """The index behind the exception's line and the indented lines of its message."""
    i = raised + 1
    if passage[raised].rstrip().endswith(":") and i + 1 < end and not passage[i].strip():
        # Its message begins below an empty line, and may not be indented.
        i += 1 if _HEAD.search(passage[i + 1]) or _RAISED.match(passage[i + 1]) else 2
    while i < end and passage[i].strip() and not _HEAD.search(passage[i]):
        if not passage[i].startswith(("  ", "\t")) and not _adds(passage, raised, i):
            break
        i += 1
    return i


_LISTS, _LISTED = re.compile(r"\bvalidation errors? for "), re.compile(r"[\w.\[\]`'()<>,:|-]+$")
_ADDED = re.compile(r"nccl\w+: |Last error:$")
_OPENED_BY = {">": "<", "}": "{", ")": "(", "]": "["}


def _adds(passage: Passage, raised: int, at: int) -> bool:
    """Whether a line that is not indented belongs to the message too: a field in pydantic's list, which what is wrong
    with it follows, what NCCL says of its error, or the bracket that closes one of gRPC's over many lines."""
    if opening := _OPENED_BY.get(passage[at].rstrip()):
        return opening in passage[raised]
    if _LISTS.search(passage[raised]):
        return bool(_LISTED.match(passage[at])) and at + 1 < len(passage) and passage[at + 1].startswith("  ")
    return "NCCL" in passage[raised] and bool(_ADDED.match(passage[at]) or _ADDED.match(passage[at - 1]))


def _notebook_traceback(passage: Passage, at: int) -> Extent:
    """IPython names the exception in the head, and again with its message below the last frame."""
    name = passage[at].split()[0]
    end = min(len(passage), at + LONGEST_BLOCK)
    last = next((i for i in range(at + 1, end) if passage[i].startswith(f"{name}: ")), at)
    return at, last, last


def _syntax_error(passage: Passage, at: int) -> Extent | None:
    """A SyntaxError that stands alone: the file, the line of code and the caret above it belong to it. One with frames
    below it is JavaScript's."""
    if at + 1 < len(passage) and passage[at + 1].lstrip().startswith("at "):
        return None
    first = at
    while first > 0 and at - first < 4 and re.match(r"\s+(File \"|\S)", passage[first - 1]):
        first -= 1
    return first, at, at


_INNER = r"^\s+(?:[a-z_]\w*\.)*(?:[A-Z]\w*)?(?:Error|Exception): |: (?:fatal )?error: |error: (?!subprocess|command|metadata|failed-wheel|legacy)|^ERROR: (?:No matching|Cannot install)|externally-managed"
"""What failed inside a package's own build, which pip indents."""

_SECTION = r"^(?:={4,} |_{4,} .* _{4,}$|-{4,} .* -{4,}$)"

_failed_test = reach(stop=_SECTION, blanks=9, key=r"^E   ", limit=4 * LONGEST_BLOCK)


def _pytest_failure(passage: Passage, at: int) -> Extent | None:
    """A failed test; the key is what explains the last exception of a chain, as in a traceback."""
    extent = _failed_test(passage, at)
    if extent is None:
        return None
    first, last, key = extent
    links = (line for line in range(last, first, -1) if _CHAIN.search(passage[line]))
    link = next(links, last)
    return first, last, next((line for line in range(link, last + 1) if passage[line].startswith("E   ")), key)


RULES = (
    rule("ipython-traceback", Role.CRASH, "traceback (most recent call last)", r"^\w+(?:Error|Exception|Interrupt)\s{2,}Traceback \(most recent call last\)",
         _notebook_traceback, "traceback of a notebook's cell", "python", "ipython"),
    rule("python-traceback", Role.CRASH, "traceback (most recent call last)",
         r"(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\)(?!\.\w)", _traceback,
         "Python traceback", "python", "python", merges=2),
    rule("python-syntax-error", Role.CRASH, "syntaxerror:|indentationerror:|taberror:",
         r"^(?:sorry: )?(?:SyntaxError|IndentationError|TabError): ", _syntax_error, "Python syntax error", "python", "python"),
    rule("python-fatal", Role.CRASH, "fatal python error",
         r"Fatal Python error: ", reach(r"^(?:Current thread|Thread|Python runtime state|Extension modules|  File|\s*$)", blanks=1),
         "fatal error of the Python interpreter", "python", "python"),
    rule("pytest-failure", Role.TEST, "____ ", r"^_{3,} .+ _{3,}$",
         _pytest_failure, "failed pytest test", "python", "pytest", merges=2),
    rule("pytest-internal", Role.CRASH, "internalerror>", r"^INTERNALERROR> ", reach(r"^INTERNALERROR>", key=r"^INTERNALERROR> \S*Error", last_key=True),
         "pytest itself crashed", "python", "pytest"),
    rule("ruff", Role.COMPILE, " [*] | --> |syntax", r"^[A-Z]{1,6}\d{3,4} (?:\[\*\] )?\S|^(?:invalid-syntax|unformatted): ", reach(r"^ *--> |^ *\d* *\||^help: |^ *\d+ [-+]|^ +[-+] ", needs=r"^ *--> \S+:\d+"),
         "finding of ruff", "python", "ruff", merges=2),
    rule("ruff-format", Role.TOOL, "would reformat|would be reformatted", r"^Would reformat: |^would reformat |^\d+ files? would be reformatted", reach(r"^[Ww]ould reformat"),
         "files that are not formatted", "python", "ruff", merges=2),
    rule("pre-commit-mended", Role.TOOL, "...failed", r"^\S.*\.{3,}Failed$", reach(r"^- ", key=r"^- files were modified", needs=r"^- files were modified"),
         "a pre-commit hook that changed files", "python", "pre-commit"),
    rule("pre-commit-hook", Role.CONSEQUENCE, "...failed", r"^\S.*\.{3,}Failed$", reach(r"^- ", needs=r"^- exit code: "),
         "a pre-commit hook failed", "python", "pre-commit"),
    rule("pytest-usage", Role.TOOL, "conftest|error: |usageerror", r"^(?:ImportError while loading conftest|ERROR: (?:usage:|file or directory not found|not found:))",
         reach(r"^\S", limit=30), "pytest could not start", "python", "pytest"),
    rule("pytest-summary", Role.CONSEQUENCE, "failed |error ", r"^(?:FAILED|ERROR) \S+\.py\b", reason="pytest's list of failures", language="python", tool="pytest"),
    rule("unittest-failure", Role.TEST, "error: |fail: ", r"^(?:ERROR|FAIL): \w+ \(.+\)",
         reach(stop=r"^={20,}$|^Ran \d+ test", blanks=2, key=r"^(?:\w+\.)*\w*(?:Error|Exception|Failure)\b", limit=LONGEST_BLOCK),
         "failed unittest test", "python", "unittest", merges=3),
    rule("doctest-failure", Role.TEST, "failed example:", r"^Failed example:$", reach(stop=r"^\*{20,}|^\d+ items? had", blanks=1, before=r"^File \"", key=r"^(?:Expected|Exception raised)"), "failed doctest", "python", "doctest", merges=3),
    rule("behave-failure", Role.TEST, "assert failed: |assertion failed: ", r"^\s+(?:ASSERT FAILED|Assertion Failed): ", reach(r"^\s+\S", before=r"^\s+(?:Given|When|Then|And|But) "), "failed behave step", "python", "behave"),
    rule("robot-failure", Role.TEST, " fail ", r"^(?:\S.*\| )?FAIL \|$", reach(stop=r"^[-=]{20,}|^\d+ tests?, ", key=r"^(?!.*\| FAIL \|$)\S"), "failed Robot Framework test", None, "robot", least=2),
    rule("cython-error", Role.COMPILE, ".pyx:|.pxd:|.pxi:", r"^\S+\.(?:pyx|pxd|pxi):\d+:\d+: ", reach(before=r"\S"), "Cython compile error", "python", "cython", merges=3),
    rule("pip-step-failed", Role.CONSEQUENCE, "finished with status", r"^\s+\S.*: finished with status 'error'$", reason="a step of pip that failed", language="python", tool="pip"),
    rule("pip-error", Role.TOOL,
         "could not find a version|no matching distribution|resolutionimpossible|cannot install|failed building wheel|could not build wheels|failed to build|subprocess-exited-with-error|metadata-generation-failed|could not install packages|conflicting dependencies|requires a different python|externally-managed|invalid requirement|hash|not a supported wheel",
         r"^\s*(?:Could not find a version that satisfies|No matching distribution found)|^\s*(?:ERROR|error): (?:Could not|No matching|ResolutionImpossible|Cannot install|Failed|subprocess|metadata|Package|Invalid requirement|externally-managed|THESE PACKAGES|Exception|\S+\.whl is not a supported)|^× ",
         reach(r"^\s*(?:ERROR|error): |^[ \t]+\S|^The conflict|^×|^╰|^│", blanks=1, key=_INNER, last_key=True), "pip could not install", "python", "pip", merges=2),
    rule("uv-error", Role.TOOL, "no solution found|failed to build|failed to download|failed to fetch|╰─▶|╰─", r"^\s*×\s",
         reach(r"^\s+(?:╰|├|│|help|hint|\S)", blanks=1, limit=80), "uv could not resolve or build", "python", "uv"),
    rule("uv-error", Role.TOOL, "no solution found|failed to ", r"^\s*error: (?:No solution found|Failed to )",
         reach(r"^\s+\S|^hint: ", blanks=1, key=r"^\s+cause: |" + _INNER, last_key=True, limit=80, needs=r"^\s+cause: "), "uv could not go on", "python", "uv"),
    rule("poetry-error", Role.TOOL, "version solving failed|solverproblemerror|because |poetry.lock", r"^(?:\s*SolverProblemError|pyproject\.toml changed significantly since|(?:Error: )?poetry\.lock is not up to date|Because .* (?:depends|requires|doesn't match))",
         reach(r"^\S|^ +\S", blanks=1, limit=40), "poetry could not resolve", "python", "poetry"),
    rule("python-check", Role.COMPILE, ".py:", r"^\S+\.pyi?:\d+(?::\d+)?: (?:error: |[A-Z]{1,4}\d{2,4}\b)", ONE_LINE,
         "a Python checker's finding", "python", None, merges=2),
)
