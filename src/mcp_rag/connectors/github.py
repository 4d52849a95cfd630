"""GitHub Actions, on github.com and GitHub Enterprise: https://docs.github.com/rest/actions/workflow-jobs."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from mcp_rag.connectors.asking import Api
from mcp_rag.connectors.fetching import MOST_GREEN_RUNS, Job, no_failed_job, usable_jobs
from mcp_rag.connectors.places import RunPlace
from mcp_rag.errors import NotFound, OversizedLog, UnreadableLog

_FAILED = ("failure", "timed_out", "startup_failure", "cancelled")
"""The conclusions of a job in which something went wrong, the tellingest first."""


def headers(token: str) -> dict[str, str]:
    """What each question bears."""
    bearing = {"authorization": f"Bearer {token}"} if token else {}
    return {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28", **bearing}


class GitHubRuns:
    """One workflow run, its jobs and the green runs of the same workflow."""

    def __init__(self, place: RunPlace, api: Api) -> None:
        self._place, self._api = place, api
        self._repo = f"repos/{place.project}"
        self._run_id: object = place.run

    def failed_jobs(self) -> list[Job]:
        """The failed jobs, cancelled ones only where none failed."""
        if self._place.job is not None:
            told = self._api.get(f"{self._repo}/actions/jobs/{self._place.job}")
            self._run_id = self._run_id or self._api.value_in(told, "run_id")
            return [_job(told)]
        jobs = usable_jobs(self._api.pages(self._jobs_path(), "jobs"), _job)
        jobs.sort(key=lambda pair: str(pair[1].get("completed_at") or "9"))
        for kinds in (_FAILED[:-1], _FAILED[-1:]):
            if failed := [job for job, told in jobs if told.get("conclusion") in kinds]:
                return failed
        run = self._run()
        raise no_failed_job(self._place, str(run.get("conclusion") or run.get("status") or "unknown"))

    def passed_jobs(self, name: str) -> Iterator[Job]:
        """The job of that name in the last green runs of the workflow on the default branch."""
        answer = self._api.get(
            f"{self._repo}/actions/workflows/{self._api.value_in(self._run(), 'workflow_id')}/runs",
            branch=self._api.value_in(self._api.get(self._repo), "default_branch"),
            status="success",
            exclude_pull_requests="true",
            per_page=MOST_GREEN_RUNS,
        )
        for run in self._api.list_in(answer, "workflow_runs")[:MOST_GREEN_RUNS]:
            path = f"{self._repo}/actions/runs/{self._api.value_in(run, 'id')}/jobs"
            jobs = usable_jobs(self._api.pages(path, "jobs"), _job)
            if found := next((j for j, told in jobs if j.name == name and told.get("conclusion") == "success"), None):
                yield found

    def fetch(self, job: Job, into: BinaryIO, max_bytes: int) -> None:
        """The job's log; where the server has none by itself, its part of the run's archive."""
        try:
            self._api.download(f"{self._repo}/actions/jobs/{job.id}/logs", into, max_bytes)
        except NotFound:
            if job.key is None:
                raise
            self._api.download(f"{self._repo}/actions/runs/{job.key}/logs", into, max_bytes)
        if _is_zip(into):
            _keep_member(into, job, max_bytes)

    def _jobs_path(self) -> str:
        attempt = f"/attempts/{self._place.attempt}" if self._place.attempt else ""
        return f"{self._repo}/actions/runs/{self._place.run}{attempt}/jobs"

    def _run(self) -> dict[str, Any]:
        run = self._api.get(f"{self._repo}/actions/runs/{self._run_id}")
        return run if isinstance(run, dict) else {}


def _job(told: dict[str, Any]) -> Job:
    return Job(int(told["id"]), str(told["name"]), str(told.get("html_url") or told["id"]), told.get("run_id"))


def _is_zip(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(4) == b"PK\x03\x04"


def _keep_member(file: BinaryIO, job: Job, max_bytes: int) -> None:
    """Put the job's log in the place of the archive that holds it.

    An archive has ``N_JOB.txt`` of each job, and a folder of its steps' logs, ``JOB/N_STEP.txt``.
    """
    with tempfile.TemporaryFile(prefix="mcp-rag-member-") as out:
        try:
            with zipfile.ZipFile(file) as archive:
                for member in _members_of(archive, job):
                    _copy(archive, member, out, max_bytes)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as fault:
            raise UnreadableLog(f"The log of {job.url} is a damaged archive", str(fault), "Fetch it again") from fault
        out.seek(0)
        file.seek(0)
        file.truncate()
        while chunk := out.read(1_000_000):
            file.write(chunk)


def _members_of(archive: zipfile.ZipFile, job: Job) -> list[str]:
    names = [name for name in archive.namelist() if name.endswith(".txt")]
    # The archive leaves out of a job's name what no file's name may hold.
    plain = _plain(job.name)
    whole = [n for n in names if "/" not in n and _plain(re.sub(r"^\d+_", "", n.removesuffix(".txt"))) == plain]
    if whole:
        return whole[:1]
    steps = [n for n in names if "/" in n and _plain(n.split("/", 1)[0]) == plain]
    steps.sort(key=lambda name: int((re.findall(r"/(\d+)_", name) or ["0"])[0]))
    if steps or len(names) == 1:
        return steps or names
    raise NotFound(f"The archive holds no log of the job {job.name}", "", "Give the job's own URL")


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "", name).lower()


def _copy(archive: zipfile.ZipFile, member: str, out: BinaryIO, max_bytes: int) -> None:
    with archive.open(member) as unpacked:
        while chunk := unpacked.read(1_000_000):
            if out.tell() + len(chunk) > max_bytes:
                why = f"it unpacks to more than {max_bytes:,} bytes"
                raise OversizedLog(f"The log {member} is too large", why, "Raise --max-log-bytes")
            out.write(chunk)
