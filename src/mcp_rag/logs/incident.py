"""A failing span → the incident: what kind of failure it is, in which sentence, under which stable fingerprint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from mcp_rag.logs.framing import INNERMOST_LAST, frames_of, stable_name
from mcp_rag.logs.grammars import BY_KIND
from mcp_rag.logs.masking import mask
from mcp_rag.logs.versions import seen_versions
from mcp_rag.records import Excerpt, Frame, Incident, Span

EXCERPT_LINES = 60
EXCERPT_CHARACTERS = 400
"""A span is shown up to this many lines, each up to this many characters. Chosen by eye."""

FINGERPRINT_FRAMES = 3
"""The innermost frames say where it broke; outer ones vary with how the program was started. Chosen by eye."""

FINGERPRINT_DIGITS = 16
"""64 bits: among a million incidents two collide with a probability of 3e-8."""


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


_PREFIX = re.compile(
    r"^(?:\s*(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:?\d\d)?\]?|\[?\d\d:\d\d:\d\d[\d.,]*\]?|#\d+ [\d.]+|[IWEF]\d{4} [\d:.]+\s+\d+ \S+\]|\[rank\d+\]:|E(?=\s{2,})|\((?:\w+ )?pid=\d+\)|\[(?:ERROR|error|info|INFO)\])\s+)+"
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


def describe(log: HasTexts, spans: Sequence[Span], redact: Callable[[str], str]) -> Incident:
    """The incident of the first, best, of ``spans``."""
    return describe_span(log, spans[0], redact)


def describe_span(log: HasTexts, span: Span, redact: Callable[[str], str]) -> Incident:
    """The incident that ``span`` shows. ``redact`` masks secrets in every text that the incident carries.

    The error type is that of the key line: in a chain of exceptions the one that happened first, because the
    later ones only say who was waiting for it.
    """
    lines = [redact(text) for text in log.texts[span.first - 1 : span.last]]
    key = lines[span.key - span.first]
    known = BY_KIND.get(span.kind)
    language = _language(lines, known.language if known else None)
    message = sentence_of(_whole(lines, span.key - span.first))
    error_type = error_type_of(key, span.kind)
    frames = frames_of(lines, language in INNERMOST_LAST)
    template = mask(message)
    family = language or (known.tool if known else None) or ""
    return Incident(
        fingerprint=_fingerprint(family, error_type, template, frames),
        span=span,
        message=message,
        template=template,
        error_type=error_type,
        language=language,
        tool=known.tool if known else None,
        frames=frames,
        versions=_redacted(seen_versions(log), redact),
        excerpt=_excerpt(lines, span),
    )


def sentence_of(line: str) -> str:
    """The sentence of a key line: without times, ranks, frames' marks and blanks around it."""
    plain = _PREFIX.sub("", line).strip()
    return re.sub(r"\s+", " ", plain)[:1_000] or line.strip()[:1_000]


def _whole(lines: Sequence[str], key: int) -> str:
    """The key line, with the next that says something when it ends in a colon: ``RuntimeError:`` alone says little."""
    following = next((line for line in lines[key + 1 : key + 4] if line.strip()), "")
    head = lines[key].rstrip().removesuffix("|-").rstrip()
    return f"{head} {following.strip()}" if head.endswith(":") else lines[key]


def error_type_of(line: str, kind: str) -> str | None:
    """``ModuleNotFoundError``, ``E0308``, ``TS2304`` …: the name under which others know this failure."""
    plain = _MARKER.sub("", _PREFIX.sub("", line).strip())
    if found := _EXCEPTION.match(plain):
        return found[2].lstrip("_")
    for pattern in _ERROR_TYPES:
        if found := pattern.search(line):
            return found[1]
    return _BY_KIND_TYPE.get(kind)


def _language(lines: Sequence[str], by_rule: str | None) -> str | None:
    if by_rule not in _VARIES_BY_FRAMES and by_rule != "java":
        return by_rule
    counts: dict[str, int] = {}
    for line in lines[:200]:
        named = next((name for pattern, name in _FRAME_LANGUAGES if pattern.search(line[:1_000])), None)
        if named:
            counts[named] = counts.get(named, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else by_rule


def _fingerprint(family: str, error_type: str | None, template: str, frames: Sequence[Frame]) -> str:
    """Sixteen hexadecimal digits over what does not change from run to run, machine to machine, version to version."""
    innermost = [mask(stable_name(frame)) for frame in frames[-FINGERPRINT_FRAMES:]]
    parts = (family, error_type or "", _without_place(template), *innermost)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:FINGERPRINT_DIGITS]


def _without_place(template: str) -> str:
    """A template without the place in the source where it struck: folders, line and column numbers."""
    plain = re.sub(r"(?:[\w.+@~-]+/)+([\w.+@~-]+\.\w+)", r"\1", template)
    return re.sub(r"(?<=\.\w)(\w*)[:(]<?(?:num|\d+)[^\s]*", r"\1", plain)


def _excerpt(lines: Sequence[str], span: Span) -> tuple[Excerpt, ...]:
    """The span's lines; of a long one the first, those around the key line, and the last."""
    numbers: Sequence[int] = range(span.first, span.last + 1)
    if len(numbers) > EXCERPT_LINES:
        third = EXCERPT_LINES // 3
        around = range(max(span.first, span.key - third // 2), min(span.last, span.key + third // 2 - 1) + 1)
        numbers = sorted({*numbers[:third], *around, *numbers[-third:]})
    return tuple(Excerpt(number, shorten(lines[number - span.first])) for number in numbers)


def shorten(text: str) -> str:
    """``text`` cut in its middle when it is longer than an excerpt's line."""
    if len(text) <= EXCERPT_CHARACTERS:
        return text
    half = (EXCERPT_CHARACTERS - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def _redacted(versions: Mapping[str, str], redact: Callable[[str], str]) -> Mapping[str, str]:
    return {name: version for name, version in sorted(versions.items()) if redact(version) == version}
