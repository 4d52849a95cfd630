"""A command-line argument → the logs that it names: a file, standard input, or the failed jobs behind a URL."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mcp_rag.faces.cli.output import tell
from mcp_rag.logs.source import LogSource
from mcp_rag.settings import Settings


@dataclass(frozen=True, slots=True)
class GivenLog:
    """A log to look at, and the logs of runs that passed with which it is compared."""

    source: LogSource
    passed: tuple[LogSource, ...] = ()


class GivenLogs:
    """Finds the logs that arguments name; what was fetched is there until the block ends.

    ``good`` are the logs of passing runs that the user named: where there are any, a URL's own green run is not
    fetched, and neither with ``compare`` off.
    """

    def __init__(self, settings: Settings, good: Sequence[str] = (), *, compare: bool = True) -> None:
        self._settings, self._good, self._compare = settings, good, compare and not good

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="mcp-rag-fetched-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def of(self, name: str) -> list[GivenLog]:
        """The logs of one argument.

        Raises:
            InputError: a URL that names no run, or a log that is too large.
            NotFound: there is no such run, or no job of it failed.
            RemoteError: its server does not answer, refuses or is busy.
        """
        from mcp_rag.intake import is_url, source_of

        passed = tuple(source_of(log) for log in self._good)
        return self._fetched(name, passed) if is_url(name) else [GivenLog(source_of(name), passed)]

    def _fetched(self, url: str, passed: tuple[LogSource, ...]) -> list[GivenLog]:
        from mcp_rag.connectors import fetch_failed_jobs, place_of
        from mcp_rag.intake import accounts_of

        place = place_of(url, accounts_of(self._settings))
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        ceiling = self._settings.max_log_bytes
        failed = fetch_failed_jobs(place, folder, tell, max_bytes=ceiling, compare=self._compare)
        return [GivenLog(one.log, (*passed, *([one.good] if one.good else []))) for one in failed]
