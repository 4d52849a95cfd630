"""GitLab CI, on gitlab.com and self-managed servers: https://docs.gitlab.com/api/jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from mcp_rag.connectors.asking import Api
from mcp_rag.connectors.fetching import MOST_GREEN_RUNS, Job, no_failed_job, usable_jobs
from mcp_rag.connectors.places import RunPlace
from mcp_rag.errors import NotFound

MOST_DOWNSTREAM = 3
"""Pipelines below pipelines that are followed; GitLab allows two levels of child pipelines."""


def headers(token: str) -> dict[str, str]:
    """What each question bears."""
    return {"private-token": token} if token else {}


class GitLabRuns:
    """One pipeline or job, and the green pipelines of its project."""

    def __init__(self, place: RunPlace, api: Api) -> None:
        self._place, self._api = place, api
        self._project = f"projects/{quote(place.project, safe='')}"

    def failed_jobs(self) -> list[Job]:
        """The failed jobs, those that may fail only where no other did; those of child pipelines too."""
        if self._place.job is not None:
            return [_job(self._project, self._api.get(f"{self._project}/jobs/{self._place.job}"))]
        failed = self._failed_in(self._project, self._place.run or 0, MOST_DOWNSTREAM)
        failed.sort(key=lambda pair: str(pair[1].get("finished_at") or "9"))
        hard = [job for job, told in failed if not told.get("allow_failure")]
        if jobs := hard or [job for job, _ in failed]:
            return jobs
        pipeline = self._api.get(f"{self._project}/pipelines/{self._place.run}")
        raise no_failed_job(self._place, self._api.value_in(pipeline, "status"))

    def _failed_in(self, project: str, pipeline: int, depth: int) -> list[tuple[Job, dict[str, Any]]]:
        path = f"{project}/pipelines/{pipeline}"
        failed = usable_jobs(self._api.pages(f"{path}/jobs", **{"scope[]": "failed"}), lambda told: _job(project, told))
        if depth > 1:
            for below in self._downstream(path):
                failed += self._failed_in(f"projects/{below['project_id']}", below["id"], depth - 1)
        return failed

    def _downstream(self, path: str) -> Iterator[dict[str, Any]]:
        """The pipelines that this one started and that failed; an older server may not know of any."""
        try:
            for bridge in self._api.pages(f"{path}/bridges"):
                below = bridge.get("downstream_pipeline") or {}
                if below.get("status") == "failed" and "project_id" in below and "id" in below:
                    yield below
        except NotFound:
            return

    def passed_jobs(self, name: str) -> Iterator[Job]:
        """The job of that name in the last green pipelines of the default branch."""
        branch = self._api.value_in(self._api.get(self._project), "default_branch")
        answer = self._api.get(f"{self._project}/pipelines", ref=branch, status="success", per_page=MOST_GREEN_RUNS)
        for pipeline in self._api.list_in(answer, "")[:MOST_GREEN_RUNS]:
            path = f"{self._project}/pipelines/{self._api.value_in(pipeline, 'id')}/jobs"
            entries = self._api.pages(path, **{"scope[]": "success"})
            jobs = usable_jobs(entries, lambda told: _job(self._project, told))
            if found := next((job for job, _ in jobs if job.name == name), None):
                yield found

    def fetch(self, job: Job, into: BinaryIO, max_bytes: int) -> None:
        """The job's trace."""
        self._api.download(f"{job.key}/jobs/{job.id}/trace", into, max_bytes)


def _job(project: str, told: dict[str, Any]) -> Job:
    return Job(int(told["id"]), str(told["name"]), str(told.get("web_url") or told["id"]), project)
