"""The jobs whose last good run is remembered: listed and forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from mcp_rag.errors import InputError, NotFound
from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving.asking import caller_of, house_of
from mcp_rag.faces.serving.callers import Scope
from mcp_rag.logs.good_runs import shapes_in
from mcp_rag.wiring import House

JOB_CHARACTERS = 300
"""Longest name of a job. Chosen by eye."""

Job = Annotated[
    str | None,
    Query(
        max_length=JOB_CHARACTERS,
        description="Compare with the last good log of this job; a clean one is remembered as that. Needs the scope write.",
    ),
]


class JobAnswer(BaseModel):
    """A job's last run that passed; of its log only digests are kept."""

    job: str
    source: str = Field(description="what the log was called")
    at: datetime
    shapes: int = Field(description="shapes of lines that are known of it")


class JobsAnswer(BaseModel):
    jobs: list[JobAnswer]


def job_asked_for(request: Request, name: str | None) -> str | None:
    """The job's name without white space around it; None when none is given.

    Raises:
        InputError: nothing is left of it, as of a CI variable that is not set.
        Forbidden: the caller may not change what is remembered of a job.
    """
    if name is None:
        return None
    if not name.strip():
        raise InputError("A job's name can't be empty", "", "Is the variable that should give it set?")
    caller_of(request).demand(Scope.WRITE)
    return name.strip()


def make_jobs_router() -> APIRouter:
    """``/v1/jobs``."""
    router = APIRouter(responses=FAULTS, tags=["Jobs"])

    @router.get("/v1/jobs")
    async def listed(request: Request) -> JobsAnswer:
        """The jobs whose last good log `POST /v1/diagnose?job=NAME` remembers, by name."""
        shared = house_of(request)
        return JobsAnswer(jobs=[JobAnswer(**one) for one in await shared.on_house(_jobs, shared.house)])

    @router.delete("/v1/jobs/{job:path}", status_code=204)
    async def forget(request: Request, job: Annotated[str, Path(max_length=JOB_CHARACTERS)]) -> Response:
        """Forget a job's last good run."""
        shared = house_of(request)
        if not await shared.on_house(shared.house.ledger.good_runs.forget, job):
            raise NotFound(f"There is no job {job!r}", "no good run of it was seen", "GET /v1/jobs lists them")
        return Response(status_code=204)

    return router


def _jobs(house: House) -> list[dict[str, Any]]:
    return [
        {"job": run.job, "source": run.source, "at": run.at, "shapes": shapes_in(run.size)}
        for run in house.ledger.good_runs.all()
    ]
