"""The failures that were seen: listed, read, put together and taken apart."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mcp_rag.errors import InputError
from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving import gathering
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.gathering import FoundAnswer, GroupsAnswer, OneSeenAnswer
from mcp_rag.records import GroupingKind, Verdict

MOST_INCIDENTS = 100
MOST_CHOSEN = 20
LARGEST_OFFSET = 1_000_000_000
"""Incidents in one answer, and of one decision; how far a list is read. Chosen by eye."""


class Decision(BaseModel):
    """That incidents are one failure with the first, or that they are not."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["merge", "split"]
    incidents: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(min_length=2, max_length=MOST_CHOSEN)


def make_incidents_router() -> APIRouter:
    """``/v1/incidents``."""
    router = APIRouter(responses=FAULTS, tags=["Incidents"])

    @router.get("/v1/incidents")
    async def listed(
        request: Request,
        q: Annotated[str, Query(max_length=500, description="What their message, error or log's name holds.")] = "",
        near: Annotated[
            str,
            Query(max_length=2_000, description="Those nearest to it in words and meaning, in place of the latest."),
        ] = "",
        verdict: Literal["known", "unknown"] | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_INCIDENTS)] = 20,
        offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
    ) -> FoundAnswer:
        """Failures that were seen, latest first, with their trend."""
        shared, wanted = house_of(request), Verdict(verdict) if verdict else None
        if near.strip():
            if q or wanted or offset:
                raise InputError(
                    "`near` stands alone", "it ranks, and goes with no q, verdict or offset", "Leave them out"
                )
            return FoundAnswer(**await shared.on_index(gathering.near_incidents, shared.house, near, limit))
        found = await shared.on_house(gathering.found_incidents, shared.house, q, wanted, limit, offset)
        return FoundAnswer(**found)

    @router.get("/v1/incidents/groups")
    async def groups(request: Request) -> GroupsAnswer:
        """The latest incidents, those together that are one failure."""
        shared = house_of(request)
        return GroupsAnswer(**await shared.on_house(gathering.groups, shared.house))

    @router.post("/v1/incidents/groups", status_code=201)
    async def decide(request: Request, posted: Decision) -> GroupsAnswer:
        """Merge incidents into one failure, or split them; of decisions that contradict each other the later holds."""
        shared = house_of(request)
        await shared.on_house(gathering.decide, shared.house, GroupingKind(posted.decision), posted.incidents)
        return GroupsAnswer(**await shared.on_house(gathering.groups, shared.house))

    @router.get("/v1/incidents/{id}")
    async def one(request: Request, id: Annotated[str, Path(max_length=200)]) -> OneSeenAnswer:
        """One failure in full, by its id or an unambiguous beginning."""
        shared = house_of(request)
        return OneSeenAnswer(**await shared.on_house(gathering.one_incident, shared.house, id))

    return router
