"""What is shown rather than said: files, rows of tables, subjects of commits, tests that passed, whatever their words."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_rag.logs.grammars.rule import LONGEST_BLOCK, LONGEST_EXAMINED, Extent, Passage, Role, reach, rule

_SENTENCE = r"(?:failed|fails|cannot|can't|couldn't|could not|unable|not found|[Nn]o such|is|was|has|did|does|denied:|refused to|error (?:in|reading|while))"

_LISTED = re.compile("|".join((
    r"[-dlcbps](?:[r-][w-][xsS-]){2}[r-][w-][xtT-][.+@]?\s+\d+ ",  # ls -l
    r"\s*(?:adding|updating|inflating|extracting|creating|deflating): \S(?!.*(?:bad CRC|error: |No space left))",  # zip and unzip
    r"\s*\d+\s+\d{4}-\d\d-\d\d \d\d:\d\d\s{2,}\S",  # unzip -l
    r"\S.*\s{2,}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+\d+$",  # python -m zipfile -l
    rf"(?:[\w@+-][\w.@+-]*/)+(?!.*\b{_SENTENCE}\b)[^/:]*\.\w{{1,8}}$",  # tar -v, rsync -v, find
    r"(?:[*|\\/_ ]* )?(?=[a-f]*\d)(?:(?=\d*[a-f])[0-9a-f]{7,40}|[0-9a-f]{7,40}(?= \d{4}-\d\d-\d\d )) (?:\([^)]*\) )?(?!\W*(?:(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|ERR)\b|error[:\]]|level=))\S",  # git log --oneline
    r"[|\\/_ ]*\* [0-9a-f]{7,40} \S",  # git log --graph --oneline
    r"(?:Previous HEAD position was|HEAD is now at) [0-9a-f]{7}|\[[\w./ -]+ (?:\(root-commit\) )?[0-9a-f]{7,40}\] (?!\w*(?:[Ee]rror|Exception|[Ff]atal|ERROR|FATAL)\b)\S|Applying: ",  # git says a commit's subject
    r"(?:TASK|PLAY|RUNNING HANDLER) \[",  # Ansible's, by their names
    r"\| [^|]*\| [^|]*\||│ [^│┆]*[│┆] [^│┆]*[│┆]",  # rows of tables
    r"\S+::\S.* (?:PASSED|SKIPPED|XFAIL|XPASS)(?:\s+\(.*\))?(?:\s+\[ *\d+%\])?$",  # tests by their names: pytest -v
    r"\s*(?:✓|✔|√|ok \d+ (?:- )?\S|--- (?:PASS|SKIP): |\[ +(?:OK|RUN) +\] |test \S.* \.\.\. (?:ok|ignored)$)",  # Mocha, TAP, Go, GoogleTest, cargo
    r"\s*[-*•] (?:\*\*)?(?:Fix(?:e[sd])?|Handle[sd]?|Avoid(?:s|ed)?|Prevent(?:s|ed)?|Resolve[sd]?)\b",  # what is new
    r"debug[1-3]: |\* (?:connect to|Immediate connect fail for|TLSv1\.\d \((?:IN|OUT)\),) ",  # ssh -v and curl -v say each try; whether all failed stands apart
    r"\S+:\d+:\s*(?:self\.)?_?(?:log|logger|logging|console)\.\w+\(",  # source code that grep found
    r"(?:\[WARNING\]\s+\(\d+\) : )?Server \S+ is DOWN, reason: .*(?:\b[1-9]\d* active and|\band [1-9]\d* backup) ",  # HAProxy goes on with the others
    r"(?:\[pid +\d+\] )?\w+\(.*\)\s+= -?\d+(?: E[A-Z]+ \([^()]*\))?$",  # strace
    r"\S.*\.{3,}(?:\([^)]*\))?(?:Passed|Skipped)$",  # pre-commit
    r"\s+\d+:\d+\s+warning\s",  # ESLint
    r"If (?:the|your|you|this|it) ",  # advice
    r"(?i:insert\s+into\s+\S+.*\bvalues\b|select\s.+\sfrom\s)",  # statements, printed
)))


def is_listed(text: str) -> bool:
    """Whether a line is a row of a listing: a file's name, a commit's subject or a test that passed is no failure, whatever it says."""
    return bool(_LISTED.match(text))


LONGEST_SESSION = 5_000
"""Lines of a run of tests that are looked through for its summary. Chosen by eye."""

LONGEST_WARNING = 60
"""Lines of a warning's message. Chosen by eye."""

_SESSION, _NO_TESTS = " test session starts ", "no tests ran"
_COUNTED, _TIMED = re.compile(r"\d \w"), re.compile(r" in \d[\d.]*s\b")
_BROKEN = re.compile(r"\b(?:failed|errors?|no tests ran)\b")
_WARNING_HEAD = re.compile(r"\S+\.py:\d+: \w*Warning: ")
_WARN_CALL = re.compile(r"\s+(?:_?warnings?\.)?warn\(")
_REQUIRES = re.compile(r"\S+ \S+ (?:requires|depends on|has requirement) \S")
_ROWS_COUNTED = re.compile(r"\(\d+ rows?\)$")
_FRAME = re.compile(r"\+-[-+]*-\+$")


def _psql_rows(passage: Passage, at: int) -> Extent | None:
    """The rows below psql's rule, up to their count: without it the rule is some other program's."""
    end = min(len(passage), at + LONGEST_BLOCK)
    last = next((i for i in range(at + 1, end) if not passage[i].startswith(" ")), None)
    return (at, last, at) if last is not None and _ROWS_COUNTED.match(passage[last]) else None


def _ignored(passage: Passage, at: int) -> Extent | None:
    """A task of Ansible's that failed and was let."""
    end = min(len(passage), at + LONGEST_BLOCK)
    last = next((i for i in range(at + 1, end) if passage[i].startswith(("...ignoring", "TASK", "PLAY", "fatal: ", "failed: "))), None)
    return (at, last, at) if last is not None and passage[last].startswith("...ignoring") else None


def _unneeded(passage: Passage, at: int) -> Extent | None:
    """What Milvus Lite's server prints when a client asks for what it has no need of (``AllocTimestamp``), and goes on
    without."""
    end = min(len(passage), at + LONGEST_BLOCK)
    last = next((i for i in range(at + 1, end) if passage[i].startswith("NotImplementedError: ")), None)
    asked = last is not None and any("pymilvus/grpc_gen/" in passage[i] for i in range(at, last))
    return (at, last, at) if last is not None and asked else None


_TASK_FAILED = re.compile(r"(?:^|\s)(?:(?:fatal|failed): \[|\[ERROR\]: Task failed)")
_RECAP = re.compile(r": ok=\d+ .*\bunreachable=(\d+) +failed=(\d+) .*\brescued=(\d+)")


def is_task_failure(text: str) -> bool:
    """Whether a line tells that a task of Ansible's failed."""
    return bool(_TASK_FAILED.search(text[:LONGEST_EXAMINED]))


def rescued_until(texts: Sequence[str]) -> int:
    """The line of the last recap of Ansible's plays, where all of them tell of no failure that was not mended; else -1."""
    last, mended = -1, False
    for line, text in enumerate(texts):
        if "unreachable=" in text and (found := _RECAP.search(text[:LONGEST_EXAMINED])):
            if found[1] != "0" or found[2] != "0":
                return -1
            last, mended = line, mended or found[3] != "0"
    return last if mended else -1


def _passed(passage: Passage, at: int) -> Extent | None:
    """All that a run of pytest printed whose summary tells of no failure: logs of its tests, tracebacks in them."""
    for line in range(at + 1, min(len(passage), at + LONGEST_SESSION)):
        text = passage[line]
        if not text.startswith("="):
            continue
        if _SESSION in text:  # the one above was cut off
            return None
        if _is_summary(text):
            return None if _BROKEN.search(text) else (at, line, at)
    return None


def _is_summary(text: str) -> bool:
    return text.endswith("=") and bool(_NO_TESTS in text or (_COUNTED.search(text) and _TIMED.search(text)))


def _warned(passage: Passage, at: int) -> Extent | None:
    """A warning of Python's whose message fills several lines, a traceback perhaps among them.

    A failure right below a warning of one line is none of its message.
    """
    end = min(len(passage), at + LONGEST_WARNING)
    if at + 1 >= end or passage[at + 1].startswith((" ", "\t", "Traceback")):
        return None
    last = next((i for i in range(at + 1, end) if _WARN_CALL.match(passage[i]) or _WARNING_HEAD.match(passage[i])), None)
    return (at, last, at) if last is not None and _WARN_CALL.match(passage[last]) else None


def _installed(passage: Passage, at: int) -> Extent | None:
    """What pip says of packages that do not fit together while it goes on and installs them."""
    end = min(len(passage), at + LONGEST_WARNING)
    last = next((i for i in range(at + 1, end) if not _REQUIRES.match(passage[i])), None)
    return (at, last, at) if last is not None and passage[last].startswith("Successfully installed") else None


def _framed_rows(passage: Passage, at: int) -> Extent | None:
    """A table in a frame with a header, as MySQL's client draws it."""
    end = min(len(passage), at + LONGEST_BLOCK)
    if at + 2 >= end or not passage[at + 1].startswith("|") or passage[at + 2].rstrip() != passage[at].rstrip():
        return None
    last = next((i for i in range(at + 3, end) if not passage[i].startswith("|")), None)
    return (at, last, at) if last is not None and _FRAME.match(passage[last].rstrip()) else None


_SIZES = re.compile(r"[-+]\d+(?:,(\d+))?")


def _hunk(passage: Passage, at: int) -> Extent | None:
    """A hunk of a unified diff, whose head counts its lines; whatever they say was said to nobody."""
    old, new = (int(size or 1) for size in _SIZES.findall(passage[at])[:2])
    for line in range(at + 1, len(passage)):
        mark = passage[line][:1] or " "
        if mark not in " -+\\":  # a backslash tells that the line above ends a file without a line end
            return None
        old, new = old - (mark in " -"), new - (mark in " +")
        if old <= 0 and new <= 0:
            return (at, line, at) if old == new == 0 else None
    return None


RULES = (
    rule("diff-hunk", Role.HARMLESS, "@@ -", r"^@@ -\d{1,9}(?:,\d{1,9})? \+\d{1,9}(?:,\d{1,9})? @@", _hunk, "lines of a diff"),
    rule("psql-rows", Role.HARMLESS, "-+-", r"^-+(?:\+-+)+$", _psql_rows, "rows of a table"),
    rule("psql-record", Role.HARMLESS, "-[ record ", r"^-\[ RECORD \d+ \]", reach(r"^\S.*?\s*\| |^-\[ RECORD \d+ \]"), "a row of a table"),
    rule("framed-rows", Role.HARMLESS, "+--", r"^\+-[-+]*-\+\s*$", _framed_rows, "rows of a table"),
    rule("milvus-lite-unneeded", Role.HARMLESS, "method not implemented!", r"\bException calling application: Method not implemented!$", _unneeded, "what a client can do without", "python", "milvus-lite"),
    rule("ansible-ignored", Role.HARMLESS, "fatal: [|failed: [", r"^(?:fatal|failed): \[[^\]]+\]", _ignored, "a task whose failure is ignored", None, "ansible"),
    rule("pytest-passed", Role.HARMLESS, "test session starts", r"^=+ test session starts =+$", _passed, "tests that passed", "python", "pytest"),
    rule("python-warning", Role.HARMLESS, "warning: ", r"^\S+\.py:\d+: \w*Warning: ", _warned, "a warning", "python"),
    rule("pip-resolver-notice", Role.HARMLESS, "dependency resolver does not currently", r"^ERROR: pip's dependency resolver does not currently", _installed, "what pip says while it installs", "python", "pip"),
    rule("boxed-warning", Role.HARMLESS, "│ warning: ", r"^│ Warning: ", reach(r"^│"), "a warning", None, "terraform"),
    rule("r-warnings", Role.HARMLESS, "warning message", r"^(?:In addition: )?Warning messages?:\s*$", reach(r"^(?!Error\b|Execution halted|Traceback|[\w.$]+(?:Error|Exception)\b)\s*\S"), "warnings", "r", "r"),
    rule("rsync-list", Role.HARMLESS, "file list", r"^(?:sending|receiving|building) (?:incremental )?file list", reach(stop=r"^rsync(?:: | error: )|^sent [\d,.KMG]+ bytes|^IO error", blanks=1), "names of files"),
    rule("git-log", Role.HARMLESS, "commit ", r"^commit [0-9a-f]{40}(?: \(.*\))?$", reach(r"^(?:Author|AuthorDate|Commit|CommitDate|Date|Merge):|^ {4}|^ \S.* \| +(?:\d|Bin)|^ \d+ files? changed", blanks=2, needs=r"^(?:Author|Merge):"), "commits"),
)
