"""What the ledger's contract is tried with."""

from __future__ import annotations

from datetime import UTC, datetime

from mcp_rag.records import (
    Incident,
    KnownIssue,
    Span,
    Standing,
)

NOON = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
FINGERPRINT = "0123456789abcdef0123456789abcdef"


def issue(id: str, source: str = "notes", **more: object) -> KnownIssue:
    return KnownIssue(id=id, source=source, title=f"Title of {id}", **more)  # type: ignore[arg-type]


def incident(fingerprint: str = FINGERPRINT, message: str = "No module named 'x'") -> Incident:
    return Incident(fingerprint, Span(3, 9, 0.5, "a traceback", "python-traceback", 9), message, "No module named <s>")


FULL = KnownIssue(
    id="np.float / 数组 ☃",
    source="starter",
    title="np.float is gone",
    symptoms=("has no attribute '{name}'", r"re:\bnp\.float\b"),
    cause="Removed",
    fix="Use float",
    commands=("sed -i s/np.float/float/ {file}",),
    applies_to={"numpy": ">=1.24", "python": ">=3.8"},
    urls=("https://numpy.org",),
    language="python",
    package="numpy",
    text="Body\nof two lines",
    standing=Standing(3, 1),
)
