"""What a failure is called: its sentence, the name of its error, its language."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re
from collections.abc import Sequence

_PREFIX = re.compile(
    r"^(?:\s*(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*\s?(?:Z|[+-]\d\d:?\d\d)?\]?|\[\d+\]|\[?\d\d:\d\d:\d\d[\d.,]*\]?|#\d+ [\d.]+|[IWEF]\d{4} [\d:.]+\s+\d+ \S+\]|\[rank\d+\]:|E(?=\s{2,})|\((?:\w+ )?pid=\d+\)|\[(?:ERROR|error|info|INFO|CRITICAL|FATAL)\])\s+)+"
)
_MARKER = re.compile(
    r"^(?:##\[error\]|error: |ERROR: |ERROR |Error: |FATAL: |fatal: |npm ERR! |npm error |> |\* |× |! |✘ |✖ |● |- )+"
)

_ERROR_TYPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:error|warning)\[(E\d{4})\]",
        r"\b(TS\d{3,5}|CS\d{4}|MSB\d{4}|NU\d{4}|NETSDK\d{4}|LNK\d{4}|FS\d{4}|C\d{4}(?=:)|ERR_[A-Z_]+|YN\d{4}|MD\d{3}|GHC-\d+)\b",
        r"\b(OOMKilled|CrashLoopBackOff|ImagePullBackOff|ErrImagePull|FailedScheduling|FailedMount|CreateContainerConfigError|CreateContainerError)\b",
        r"(?:^|[\s(\[:.])((?:[A-Z]\w*::)*[A-Z]\w*(?:Error|Exception|Interrupt|Failure|Exit|NotFound|Warning))\b(?!::)",
        r"\b(cudaError\w+|ncclSystemError|ncclUnhandledCudaError|ncclInternalError|ncclRemoteError|CU(?:DNN|BLAS)_STATUS_\w+)\b",
        r"\b(SIG(?:SEGV|ABRT|KILL|BUS|ILL|FPE|TERM))\b",
        r"\b(ELIFECYCLE|ERESOLVE|E(?:ACCES|NOENT|NOSPC|CONNREFUSED|CONNRESET|TIMEDOUT|NOTFOUND|ADDRINUSE|PERM|EXIST|MFILE|NGINE|404|401|403|INTEGRITY|TARGET|USAGE|BADENGINE))\b",
        r"\b(Xid)\b",
        r"^ERROR (\d{4}) \(\w{5}\)",
    )
)
_EXCEPTION = re.compile(
    r"^((?:[A-Za-z_$][\w$]*[./\\:]+)*)(_?[A-Z][\w$]*(?:Error|Exception|Interrupt|Failure|Exit|Warning|Throwable|Fault))(?=[:\s(]|$)"
)
_RAISED = re.compile(r"^((?:[A-Za-z_]\w*\.)*)([A-Za-z_]\w*)(?=:\s|:?$)")
"""What ends a Python traceback is an exception whatever it is called: ``queue.Empty``, ``LedgerMismatch``."""

_BY_KIND_TYPE = {
    "disk-full": "ENOSPC",
    "out-of-memory": "OutOfMemory",
    "killed": "SIGKILL",
    "segfault": "SIGSEGV",
    "go-panic": "panic",
    "rust-panic": "panic",
    "cargo-test-failure": "panic",
    "command-not-found": "CommandNotFound",
    "no-such-file": "ENOENT",
    "permission-denied": "EACCES",
    "linker-error": "LinkerError",
    "cmake-error": "CMakeError",
    "xid": "Xid",
}
"""Error types of failures whose lines name none."""

_FRAME_LANGUAGES = (
    (re.compile(r"File \"[^\"]+\", line \d+"), "python"),
    (re.compile(r"\(\S+\.kt:\d+\)"), "kotlin"),
    (re.compile(r"\(\S+\.scala:\d+\)"), "scala"),
    (re.compile(r"\(\S+\.clj:\d+\)"), "clojure"),
    (re.compile(r"\([\w$]+\.java:\d+\)|\(Native Method\)"), "java"),
    (re.compile(r"\.tsx?:\d+:\d+\)"), "typescript"),
    (re.compile(r"\(?\S+\.[cm]?jsx?:\d+:\d+\)|node:internal"), "javascript"),
    (re.compile(r" in \S+\.(?:cs|fs|vb):line \d+"), "c#"),
    (re.compile(r"\S+\.rb:\d+:in "), "ruby"),
    (re.compile(r"\S+\.php(?:\(\d+\)|:\d+)"), "php"),
    (re.compile(r"^\t\S+\.go:\d+|^goroutine \d+"), "go"),
    (re.compile(r"\S+\.rs:\d+"), "rust"),
    (re.compile(r"\S+\.exs?:\d+"), "elixir"),
    (re.compile(r"\S+\.cu\(\d+\)|\S+\.(?:c|cc|cpp|cxx|h|hpp|cu):\d+"), "c++"),
)
_VARIES_BY_FRAMES = frozenset({"c++", "javascript", None})
"""Languages of a rule that its lines may say more exactly."""


def whole(lines: Sequence[str], key: int) -> str:
    """The key line, with the next that says something when it ends in a colon: ``RuntimeError:`` alone says little."""
    following = next((line for line in lines[key + 1 : key + 4] if line.strip()), "")
    head = lines[key].rstrip().removesuffix("|-").rstrip()
    return f"{head} {following.strip()}" if head.endswith(":") else lines[key]


def sentence_of(line: str) -> str:
    """The sentence of a key line: without times, ranks, frames' marks and blanks around it."""
    plain = _PREFIX.sub("", line).strip()
    return re.sub(r"\s+", " ", plain)[:1_000] or line.strip()[:1_000]


def error_type_of(line: str, kind: str) -> str | None:
    """``ModuleNotFoundError``, ``E0308``, ``TS2304`` …: the name under which others know this failure."""
    plain = _MARKER.sub("", _PREFIX.sub("", line).strip())
    if found := _EXCEPTION.match(plain) or (kind == "python-traceback" and _RAISED.match(plain)):
        return found[2].lstrip("_")
    for pattern in _ERROR_TYPES:
        if found := pattern.search(line):
            return found[1]
    return _BY_KIND_TYPE.get(kind)


def language_of(lines: Sequence[str], by_rule: str | None) -> str | None:
    """The language that the frames in ``lines`` speak, else that of the rule which found them."""
    if by_rule not in _VARIES_BY_FRAMES and by_rule != "java":
        return by_rule
    counts: dict[str, int] = {}
    for line in lines[:200]:
        named = next((name for pattern, name in _FRAME_LANGUAGES if pattern.search(line[:1_000])), None)
        if named:
            counts[named] = counts.get(named, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else by_rule
