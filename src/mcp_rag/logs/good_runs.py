"""What the last good log of a named job looked like, remembered without keeping a word of it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.logs.comparing import digest_of, shape

VERSION = 1

MOST_SHAPES = 500_000
"""Line shapes that are remembered of one run; some 10 MB. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class GoodRun:
    """A run that passed: its job, the log it was seen in, when, and a digest of the shape of each of its lines."""

    job: str
    source: str
    at: datetime
    shapes: frozenset[str]


class GoodRuns:
    """The last good run of each job, a file each in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, job: str, source: str, texts: Iterable[str]) -> None:
        """Remember a log as the job's last good one, wholly or not at all."""
        shapes: set[str] = set()
        for text in texts:
            if len(shapes) >= MOST_SHAPES:
                break
            shapes.add(digest_of(shape(text)))
        self._folder.mkdir(parents=True, exist_ok=True)
        row = {"version": VERSION, "job": job, "source": source, "at": datetime.now(UTC).isoformat()}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._folder, delete=False) as file:
            json.dump({**row, "shapes": sorted(shapes)}, file)
        Path(file.name).replace(self._file(job))

    def last(self, job: str) -> GoodRun | None:
        """The job's last good run; None when none was seen.

        Raises:
            InputError: its file is damaged, or of a later version.
        """
        path = self._file(job)
        return _read(path) if path.exists() else None

    def all(self) -> list[GoodRun]:
        """Every job's last good run, by name."""
        return sorted((_read(path) for path in self._folder.glob("*.json")), key=lambda run: run.job)

    def forget(self, job: str) -> bool:
        """Forget a job; whether it was known."""
        path = self._file(job)
        known = path.exists()
        path.unlink(missing_ok=True)
        return known

    def _file(self, job: str) -> Path:
        return self._folder / f"{hashlib.sha256(job.encode('utf-8', 'replace')).hexdigest()[:16]}.json"


def _read(path: Path) -> GoodRun:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        run = GoodRun(row["job"], row["source"], datetime.fromisoformat(row["at"]), frozenset(row["shapes"]))
        version = row["version"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise _no_run(path, str(fault) or type(fault).__name__) from fault
    if version != VERSION:
        raise _no_run(path, f"it has version {version}, and this program reads version {VERSION}")
    return run


def _no_run(path: Path, why: str) -> InputError:
    return InputError(f"{path} is no remembered run", why, "Delete it; the next good run makes it anew")
