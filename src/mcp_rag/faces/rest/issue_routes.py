"""The known issues: listed, read, written, changed and removed."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving import adding
from mcp_rag.faces.serving.adding import AddedAnswer, Draft
from mcp_rag.faces.serving.answers import IssueAnswer
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.ledger.serialisation import issue_to_json
from mcp_rag.wiring import House

MOST_ISSUES = 100
LARGEST_OFFSET = 1_000_000_000
LONGEST_TEXT = 20_000
"""Known issues in one answer; how far a list is read; characters of a cause or a fix. Chosen by eye."""

Key = Annotated[str, Path(max_length=2_000, description="ID or SOURCE/ID")]
Short = Annotated[str, Field(max_length=500)]
Prose = Annotated[str, Field(max_length=LONGEST_TEXT)]
Shorts = Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=50)]


class Written(BaseModel):
    """A known issue as a person tells it."""

    model_config = ConfigDict(extra="forbid")

    title: Short
    cause: Prose
    fix: Prose
    symptoms: Shorts = Field(default=[], description="lines it prints; {name} stands for a part that varies")
    commands: Shorts = []
    applies_to: dict[Short, Short] = Field(default={}, max_length=50, description="package → PEP 440 specifier")
    urls: Shorts = []
    language: Short = ""
    package: Short = ""
    despite_faults: bool = Field(False, description="keep it although something was found")

    def draft(self) -> Draft:
        return Draft(**self.model_dump(exclude={"despite_faults"}))


class New(Written):
    id: Short = Field("", description="by default made of the title")
    incident: Short = Field("", description="take symptoms and tool from this incident")


class IssuesAnswer(BaseModel):
    issues: list[IssueAnswer]
    total: int = Field(description="how many there are without a limit")
    sources: dict[str, int] = Field(description="where they come from, and how many from each")


def make_issues_router() -> APIRouter:
    """``/v1/issues``."""
    router = APIRouter(responses=FAULTS, tags=["Known issues"])

    @router.get("/v1/issues")
    async def listed(
        request: Request,
        source: Annotated[str, Query(max_length=2_000, description="Those of one source.")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ISSUES)] = 20,
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
    ) -> IssuesAnswer:
        """All known issues, by source and id; `GET /v1/search` finds by words."""
        shared = house_of(request)
        return IssuesAnswer(**await shared.on_house(_listed, shared.house, source, limit, offset))

    @router.post("/v1/issues", status_code=201, response_model=AddedAnswer, responses={200: {"model": AddedAnswer}})
    async def add(request: Request, posted: New) -> JSONResponse:
        """Write a known issue down. With a fault, or an entry that answers it already, nothing is kept (200), and both
        are told."""
        shared, draft = house_of(request), posted.draft()
        done = await shared.on_index(adding.add_issue, shared.house, draft, despite_faults=posted.despite_faults)
        return JSONResponse(done, 201 if done["stored"] else 200)

    @router.get("/v1/issues/{key:path}")
    async def one(request: Request, key: Key) -> IssueAnswer:
        """One known issue."""
        house = house_of(request)
        return IssueAnswer(**await house.on_house(house.issue, key))

    @router.put("/v1/issues/{key:path}")
    async def change(request: Request, key: Key, posted: Written) -> AddedAnswer:
        """Put another text in the place of a known issue that a person wrote or confirmed."""
        shared, draft = house_of(request), posted.draft()
        done = await shared.on_index(
            adding.change_issue, shared.house, key, draft, despite_faults=posted.despite_faults
        )
        return AddedAnswer(**done)

    @router.delete("/v1/issues/{key:path}", status_code=204)
    async def remove(request: Request, key: Key) -> Response:
        """Take a known issue out that a person wrote or confirmed."""
        shared = house_of(request)
        await shared.on_house(adding.remove_issue, shared.house, key)
        return Response(status_code=204)

    return router


def _listed(house: House, source: str, limit: int, offset: int) -> dict[str, Any]:
    issues, wanted = house.ledger.issues, [source] if source else []
    shown = [issue_to_json(issue) for issue in islice(issues.all(wanted), offset, offset + limit)]
    return {"issues": shown, "total": issues.count(wanted), "sources": dict(issues.sources())}
