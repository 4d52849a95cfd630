"""The questions that the REST face answers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mcp_rag.faces.rest.bodies import CASE_BODY, LOG_BODY, Exited, Name, posted_case, posted_log
from mcp_rag.faces.rest.faults import FAULT_SHAPE, FAULTS
from mcp_rag.faces.rest.job_routes import Job, job_asked_for
from mcp_rag.faces.serving.answers import (
    DiagnosisAnswer,
    Extraction,
    Health,
    OutcomeAnswer,
    Readiness,
    SearchAnswer,
)
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.looking import LinesAnswer, read_lines
from mcp_rag.faces.serving.shared_house import Wanted
from mcp_rag.records import OutcomeKind

MOST_RESULTS = 100
"""Most known issues or incidents in one answer. Chosen by eye."""

QUERY_CHARACTERS = 10_000
"""Longest text to search for; a log belongs into ``/v1/diagnose``. Chosen by eye."""

MOST_LINES, MOST_TOKENS = 10_000, 1_000_000
"""Largest budgets. Chosen by eye."""

MOST_LINES_READ, MOST_CHARACTERS = 2_000, 2_000_000
"""Lines of a window, and their characters. Chosen by eye."""

LARGEST_LINE = 10**12

Lines = Annotated[int | None, Query(ge=1, le=MOST_LINES, description="Budget of lines; by default the server's.")]
Tokens = Annotated[
    int | None, Query(ge=1, le=MOST_TOKENS, description="Budget in tokens, at four characters each, in their place.")
]
Limit = Annotated[int, Query(ge=1, le=MOST_RESULTS)]


class _Outcome(BaseModel):
    model_config = ConfigDict(extra="forbid")

    incident: str = Field(min_length=1, max_length=200, description="the diagnosis' incident, or the start of its id")
    issue: str | None = Field(None, max_length=2_000, description="by default the issue that the diagnosis named")


class Confirmed(_Outcome):
    """The fix helped."""

    outcome: Literal["confirmed"]
    fix: str | None = Field(None, max_length=20_000, description="what fixed it; becomes a known issue at once")


class Rejected(_Outcome):
    """The fix did not help."""

    outcome: Literal["rejected"]


def make_router() -> APIRouter:
    """The routes; each asks the house of the caller's team."""
    router = APIRouter(responses=FAULTS)

    @router.post("/v1/diagnose", openapi_extra=CASE_BODY)
    async def diagnose(
        request: Request,
        name: Name = "request",
        lines: Lines = None,
        tokens: Tokens = None,
        chat: Annotated[bool, Query(description="Whether a language model may word the answer.")] = True,
        job: Job = None,
        exited: Exited = None,
    ) -> DiagnosisAnswer:
        """Cause and fix of the failure in a log, cited, or an honest unknown. A form may bring logs of runs that passed,
        and the versions of the packages where the log arose."""
        house, job = house_of(request), job_asked_for(request, job)
        async with posted_case(request, name) as case:
            asked = Wanted(case.good, case.versions, lines, tokens, chat, job, exited)
            return DiagnosisAnswer(**await house.on_log(house.diagnose, case.log, wanted=asked))

    @router.post("/v1/extract", openapi_extra=CASE_BODY)
    async def extract(
        request: Request,
        name: Name = "request",
        lines: Lines = None,
        tokens: Tokens = None,
        exited: Exited = None,
    ) -> Extraction:
        """The failing lines of a log, best first, within a budget; with logs of runs that passed, those that are new."""
        house = house_of(request)
        async with posted_case(request, name) as case:
            asked = Wanted(case.good, lines=lines, tokens=tokens, exited=exited)
            return Extraction(**await house.on_log(house.extract, case.log, wanted=asked))

    @router.post("/v1/logs/lines", openapi_extra=LOG_BODY)
    async def lines(
        request: Request,
        name: Name = "request",
        first: Annotated[int, Query(ge=1, le=LARGEST_LINE, description="The first line wanted.")] = 1,
        count: Annotated[int, Query(ge=1, le=MOST_LINES_READ, description="How many lines.")] = 100,
    ) -> LinesAnswer:
        """A window of a log's lines, cleaned of colours, secrets masked; `next` is where to read on."""
        house = house_of(request)
        async with posted_log(request, name) as source:
            found = await house.on_log(read_lines, house.house, source, first, count, MOST_CHARACTERS)
            return LinesAnswer(**found)

    @router.get("/v1/search")
    async def search(
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=QUERY_CHARACTERS, description="The error's text.")],
        limit: Limit = 10,
    ) -> SearchAnswer:
        """Known issues for an error's text, and whether the best one answers it."""
        house = house_of(request)
        return SearchAnswer(**await house.on_index(house.search, q, limit))

    @router.post("/v1/outcomes", status_code=201)
    async def outcomes(
        request: Request, posted: Annotated[Confirmed | Rejected, Body(discriminator="outcome")]
    ) -> OutcomeAnswer:
        """Say whether a diagnosis helped."""
        kind, fix = OutcomeKind(posted.outcome), posted.fix if isinstance(posted, Confirmed) else None
        house = house_of(request)
        return OutcomeAnswer(**await house.on_house(house.record_outcome, posted.incident, kind, posted.issue, fix))

    @router.get("/healthz", responses=FAULT_SHAPE)
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    @router.get("/readyz")
    async def readyz(request: Request) -> Readiness:
        """The ledger and the index answer."""
        house = house_of(request)
        return Readiness(**await house.on_house(house.readiness))

    return router
