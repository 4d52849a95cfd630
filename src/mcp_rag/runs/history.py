"""The last good and the last failed run of each command, a file each in the home folder."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mcp_rag.runs.repository import State
from mcp_rag.runs.surroundings import LockFile, Surroundings

VERSION = 1

MOST_COMMANDS = 200
"""Commands whose runs are remembered, some 20 kB each; of more, those run least lately are forgotten. By eye."""

NEITHER = (130, 131)
"""Exit codes of a command that a person interrupted: it neither passed nor failed."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when it started, how it ended, in which surroundings; ``incident`` is what its failure was recorded as,
    and ``issue`` the known issue that its diagnosis named."""

    at: datetime
    code: int
    surroundings: Surroundings
    incident: str | None = None
    issue: str | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of a command: its last good run, and its last failed one when that is later."""

    good: Run | None = None
    failed: Run | None = None


class RunHistory:
    """The remembered commands, in ``folder``. A damaged file counts as none: the next run makes it anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, command: Sequence[str], surroundings: Surroundings) -> Remembered:
        """What is remembered of ``command`` in that folder."""
        return _read(self._file(command, surroundings)) or Remembered()

    def keep(self, command: Sequence[str], run: Run, label: str) -> None:
        """Remember a run: a good one in place of all before, a failed one beside the last good one.

        ``label`` is the command as a person may read it in the file, secrets masked.
        """
        if run.code in NEITHER:
            return
        held = self.of(command, run.surroundings)
        kept = Remembered(good=run) if run.code == 0 else replace(held, failed=run)
        path = self._file(command, run.surroundings)
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # a new home is its owner's alone
        self._folder.mkdir(exist_ok=True)
        row = {"version": VERSION, "command": label, "good": _row(kept.good), "failed": _row(kept.failed)}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._folder, delete=False) as file:
            json.dump(row, file)
        Path(file.name).replace(path)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[MOST_COMMANDS:]:
            path.unlink(missing_ok=True)

    def _file(self, command: Sequence[str], surroundings: Surroundings) -> Path:
        name = json.dumps([surroundings.folder, *command])
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


def _row(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    seen = run.surroundings
    return {
        "at": run.at.isoformat(),
        "code": run.code,
        "incident": run.incident,
        "issue": run.issue,
        "folder": seen.folder,
        "state": _state(seen.state),
        "python": seen.python,
        "packages": dict(seen.packages),
        "locks": {path: {"digest": lock.digest, "versions": dict(lock.versions)} for path, lock in seen.locks.items()},
        "variables": dict(seen.variables),
    }


def _state(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {"root": state.root, "commit": state.commit, "subject": state.subject, "dirty": dict(state.dirty)}


def _read(path: Path) -> Remembered | None:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        if row["version"] != VERSION:
            return None
        return Remembered(_run(row["good"]), _run(row["failed"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _run(row: Mapping[str, Any] | None) -> Run | None:
    if row is None:
        return None
    locks = {path: LockFile(lock["digest"], lock["versions"]) for path, lock in row["locks"].items()}
    state = State(**row["state"]) if row["state"] else None
    seen = Surroundings(row["folder"], state, row["python"], row["packages"], locks, row["variables"])
    return Run(datetime.fromisoformat(row["at"]), row["code"], seen, row["incident"], row["issue"])
