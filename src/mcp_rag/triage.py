"""Job 5: many logs → the failure of each, looked for on all processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType

from mcp_rag.errors import InputError
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.incident import describe
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.redaction import Redactor
from mcp_rag.logs.sources import FileSource
from mcp_rag.records import Incident
from mcp_rag.settings import Settings

WORTH_A_PROCESS_BYTES = 20_000_000
"""Logs of less than this in all are looked at in this process: another takes half a second to start."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one log gave: its failure, none because it is clean, or why it could not be read."""

    source: str
    incident: Incident | None = None
    error: str = ""


def logs_under(name: str) -> list[str]:
    """The file ``name``, or the files in the folder of that name and below, in order; hidden ones are left out.

    Raises:
        InputError: the folder has none, or the name is ``-``.
    """
    if name == "-":
        raise InputError("Standard input cannot be grouped", "it is one log", "Give it to `mcp-rag diagnose -`")
    folder = Path(name)
    if not folder.is_dir():
        return [name]
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [str(Path(place, file)) for file in sorted(files) if not file.startswith(".")]
    files_found = [path for path in found if Path(path).is_file()]
    if not files_found:
        raise InputError(f"There is no log in {name}", "the folder holds no file", "Name a folder with logs")
    return files_found


def look_at(names: Sequence[str], settings: Settings, progress: Progress = lambda done, total: None) -> list[Looked]:
    """The failure of each log, in the order of ``names``."""
    done = []
    with _mapping(names) as over:
        for looked in over(partial(look, settings=_sendable(settings)), names):
            done.append(looked)
            progress(len(done), len(names))
    return done


def look(name: str, settings: Settings) -> Looked:
    """The failure of the log at the path ``name``."""
    try:
        log = read_log(FileSource(name), max_bytes=settings.max_log_bytes, max_ratio=settings.max_compression_ratio)
    except InputError as bad:
        return Looked(name, error=str(bad))
    spans = find_failures(log, settings.lines)
    if not spans:
        return Looked(name)
    return Looked(name, describe(log, spans, Redactor(enabled=settings.redact, ips=settings.redact_ips).redact))


def _sendable(settings: Settings) -> Settings:
    """The settings without the mapping that cannot be sent to another process."""
    return replace(settings, origins={}) if isinstance(settings.origins, MappingProxyType) else settings


@contextmanager
def _mapping(names: Sequence[str]) -> Iterator[Callable[..., Iterator[Looked]]]:
    size = sum(Path(name).stat().st_size for name in names if Path(name).is_file())
    if size < WORTH_A_PROCESS_BYTES or len(names) < 2:
        yield map
        return
    workers = min(len(names), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map
