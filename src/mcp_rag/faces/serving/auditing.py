"""Who did what, and when: one JSON object a line in a file that only grows, and is turned over when it is large.

Never a log's text, and no query: what is told is the request's method and path, and what a handler adds of it, such as
the incident that an outcome is about.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from mcp_rag.errors import LedgerError

FILE = "audit.jsonl"

FILE_BYTES = 50_000_000
"""Some 250,000 requests. Chosen by eye."""

FILES_KEPT = 9
"""Older files that are kept beside the one that grows. Chosen by eye."""

LONGEST_PATH = 300
"""Of a path that was asked for, which can be anything."""


class _PrivateFile(RotatingFileHandler):
    """A file that its owner alone may read, each one that is begun."""

    def _open(self) -> Any:
        stream = super()._open()
        Path(self.baseFilename).chmod(0o600)
        return stream


class Audit:
    """The audit log of one server process. Replicas keep one each, in their own homes."""

    def __init__(self, home: Path) -> None:
        """Raises:
        LedgerError: the file cannot be written.
        """
        try:
            self._handler = _PrivateFile(home / FILE, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        except OSError as fault:
            why, step = str(fault), "Make the home folder writable, or set MCP_RAG_HOME to one that is"
            raise LedgerError("The audit log cannot be written", why, step) from fault
        self._handler.setFormatter(logging.Formatter("%(message)s"))

    def close(self) -> None:
        self._handler.close()

    def write(
        self, caller: str, team: str, method: str, path: str, status: int, address: str, details: Mapping[str, str]
    ) -> None:
        """Write down a request that was answered, or refused."""
        row = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "caller": caller,
            "team": team,
            "address": address,
            "method": method,
            "path": path[:LONGEST_PATH],
            "status": status,
            **details,
        }
        line = json.dumps(row, ensure_ascii=True)
        self._handler.handle(logging.LogRecord("mcp_rag.audit", logging.INFO, "", 0, "%s", (line,), None))


def read_audit(home: Path, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """What was written down since then, oldest first; a line that was cut by a kill is left out."""
    for path in _oldest_first(home):
        yield from _rows_in(path, since)


def latest_rows(home: Path, team: str, since: datetime | None, most: int) -> list[dict[str, Any]]:
    """The latest ``most`` rows of a team, since then, the latest last."""
    found: list[dict[str, Any]] = []
    for path in reversed(_oldest_first(home)):
        found = [row for row in _rows_in(path, since) if row.get("team") == team] + found
        if len(found) >= most:
            break
    return found[-most:]


def _rows_in(path: Path, since: datetime | None) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # turned over meanwhile
        return
    except OSError as fault:
        raise LedgerError("The audit log cannot be read", str(fault), "") from fault
    for line in lines:
        try:
            row = json.loads(line)
            at = datetime.fromisoformat(row["at"])
        except (ValueError, KeyError, TypeError):
            continue
        if since is None or at >= since:
            yield row


def _oldest_first(home: Path) -> list[Path]:
    turned = [home / f"{FILE}.{number}" for number in range(FILES_KEPT, 0, -1)]
    return [path for path in (*turned, home / FILE) if path.is_file()]
