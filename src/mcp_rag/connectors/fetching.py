"""The logs of a run's failed jobs, fetched into a folder, each with that of the same job where it last passed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mcp_rag.connectors.asking import Api, Tell
from mcp_rag.connectors.places import Forge, RunPlace
from mcp_rag.errors import InputError, McpRagError, NotFound, RemoteError

MOST_JOBS = 5
"""Failed jobs of one run whose logs are fetched: beyond that they mostly fail alike. Chosen by eye."""

MOST_GREEN_RUNS = 5
"""Green runs in which the same job is looked for. Chosen by eye."""

MOST_DOWNLOAD_BYTES = 1_000_000_000
"""Ceiling of one log that is fetched, whatever `max_log_bytes` allows for files. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class FetchedLog:
    """A log that was fetched; ``name`` is the address where a person reads it."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        """The bytes of the log, from the start."""
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its server tells it: ``key`` is what the server asks its log by."""

    id: int
    name: str
    url: str
    key: Any = None


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A failed job's log, and the log of the same job where it last passed, when there is one."""

    job: Job
    log: FetchedLog
    good: FetchedLog | None = None


class Runs(Protocol):
    """What is asked of a server about one run."""

    def failed_jobs(self) -> list[Job]:
        """The run's failed jobs, the first to fail first; the job itself where one is named.

        Raises:
            NotFound: none failed, with what the run says of itself.
        """
        ...

    def passed_jobs(self, name: str) -> Iterator[Job]:
        """The job of that name in green runs on the default branch, the latest first."""
        ...

    def fetch(self, job: Job, into: BinaryIO, max_bytes: int) -> None:
        """Write a job's log."""
        ...


def fetch_failed_jobs(
    place: RunPlace,
    folder: Path,
    tell: Tell,
    *,
    max_bytes: int,
    compare: bool = True,
    wait: Callable[[float], None] | None = None,
) -> list[FailedJob]:
    """Fetch the logs of the failed jobs of ``place`` into ``folder``; ``tell`` hears of what took or lacked.

    Raises:
        NotFound: there is no such run or job, no job of it failed, or its log is gone.
        OversizedLog: a log is larger than ``max_bytes``.
        RemoteError: the server did not answer, refused or is busy.
    """
    ceiling = min(max_bytes, MOST_DOWNLOAD_BYTES)
    with _api(place, tell, wait) as api:
        runs = _runs(place, api)
        failed = runs.failed_jobs()
        if len(failed) > MOST_JOBS:
            tell(f"{len(failed)} jobs failed; the first {MOST_JOBS} are looked at. Give a job's URL for another")
        return [_fetch(runs, job, folder, tell, ceiling, compare=compare) for job in failed[:MOST_JOBS]]


def _fetch(runs: Runs, job: Job, folder: Path, tell: Tell, ceiling: int, *, compare: bool) -> FailedJob:
    tell(f"fetching the log of the job {_shown(job.name)}")
    log = _download(runs, job, folder, ceiling)
    return FailedJob(job, log, _last_good(runs, job, folder, tell, ceiling) if compare else None)


def _download(runs: Runs, job: Job, folder: Path, ceiling: int) -> FetchedLog:
    path = folder / f"{job.id}.log"
    with path.open("w+b") as file:
        runs.fetch(job, file, ceiling)
    return FetchedLog(job.url, path)


def _last_good(runs: Runs, job: Job, folder: Path, tell: Tell, ceiling: int) -> FetchedLog | None:
    """What the failure is compared with. It only sharpens the answer: where it lacks, the answer comes without it."""
    try:
        for passed in runs.passed_jobs(job.name):
            try:
                good = _download(runs, passed, folder, ceiling)
            except NotFound:
                continue
            tell(f"compared with {good.name}, where it last passed")
            return good
    except (RemoteError, NotFound, InputError) as error:
        tell(f"not compared with a green run. {error}")
        return None
    tell(f"not compared: no green run on the default branch has the log of a job {_shown(job.name)}")
    return None


def _api(place: RunPlace, tell: Tell, wait: Callable[[float], None] | None) -> Api:
    from mcp_rag.connectors import github, gitlab

    headers = (github if place.forge is Forge.GITHUB else gitlab).headers(place.token)
    waiting = {} if wait is None else {"wait": wait}
    return Api(place.api, headers, _hint(place), tell, **waiting)


def _runs(place: RunPlace, api: Api) -> Runs:
    from mcp_rag.connectors.github import GitHubRuns
    from mcp_rag.connectors.gitlab import GitLabRuns

    return GitHubRuns(place, api) if place.forge is Forge.GITHUB else GitLabRuns(place, api)


def _hint(place: RunPlace) -> str:
    """What to do when the server refuses, or hides what may not be seen."""
    name = place.forge.upper()
    needs = {
        Forge.GITHUB: "a token that may read actions (and a classic one the scope repo)",
        Forge.GITLAB: "a token with the scope read_api",
    }[place.forge]
    if place.token:
        return f"{needs.capitalize()} of this project is needed in {name}_TOKEN"
    return f"No token was sent: set {name}_TOKEN to {needs}, and MCP_RAG_{name}_URL to the server that it is for"


def _shown(name: str) -> str:
    """A job's name, which others chose, on one line and without control characters."""
    return re.sub(r"\s+", " ", "".join(c for c in name if c.isprintable() or c.isspace()))[:100]


def usable_jobs(
    entries: Iterator[dict[str, Any]], make: Callable[[dict[str, Any]], Job]
) -> list[tuple[Job, dict[str, Any]]]:
    """The entries that are jobs, beside what they are made of.

    Raises:
        RemoteError: one lacks what every job has.
    """
    try:
        return [(make(entry), entry) for entry in entries]
    except (KeyError, TypeError, ValueError) as fault:
        raise RemoteError(
            "The server told of a job that is none", repr(fault), "Check the address of its API"
        ) from fault


def no_failed_job(place: RunPlace, state: str) -> McpRagError:
    """What there is to say of a run in which nothing failed."""
    return NotFound(f"No job of {place.url} failed", f"the run is {state}", "Give a job's URL to look at its log")
