"""A process that writes to a ledger and says each thing it was promised: run by the tests, killed by some of them.

    ledger_writer.py URL NAME FIRST COUNT [KILL_AT]

Document ``NAME/<n mod 5>`` gets 20 entries that all say ``n``; the process prints ``n`` when it has been acknowledged.
With KILL_AT it kills itself before the statement of that number that reaches the database.
"""

from __future__ import annotations

import os
import signal
import sys

import sqlalchemy as sa

from mcp_rag.ledger import Ledger
from mcp_rag.records import Incident, KnownIssue, OutcomeKind, Span, Verdict

ENTRIES = 20
DOCUMENTS = 5
SHARED = Incident("f" * 32, Span(1, 1, 1.0, "why"), "message", "template")


def write(ledger: Ledger, name: str, number: int) -> None:
    document = f"{number % DOCUMENTS}"
    entries = [
        KnownIssue(f"{document}-{place}", name, "title", symptoms=(f"{number}",), fix=f"{number}")
        for place in range(number % 3, number % 3 + ENTRIES)
    ]
    ledger.issues.replace_document(name, document, f"{number}", entries)
    seen = ledger.incidents.record(SHARED, name, Verdict.KNOWN, "shared/issue")
    ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "shared/issue", f"{number}")


def kill_at(statement: int) -> None:
    """Die by SIGKILL before the statement of that number."""
    left = iter(range(statement - 1, -1, -1))

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def count(*_: object) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    url, name, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if len(sys.argv) > 5:
        kill_at(int(sys.argv[5]))
    with Ledger.open(url) as ledger:
        for number in range(first, first + count):
            write(ledger, name, number)
            print(number, flush=True)


if __name__ == "__main__":
    main()
