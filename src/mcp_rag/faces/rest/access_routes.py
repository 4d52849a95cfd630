"""What those with the scope admin ask: who may ask for their team, and what was done for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path as Folder
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from mcp_rag.errors import NotFound
from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving.access import checked_name, digest_of, new_token, token_to_json
from mcp_rag.faces.serving.asking import caller_of
from mcp_rag.faces.serving.auditing import latest_rows
from mcp_rag.faces.serving.callers import Scope
from mcp_rag.ledger.tokens import Tokens

MOST_ROWS = 1_000
"""Of the audit log in one answer. Chosen by eye."""

MOST_DAYS = 3_650


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=100, description="whose or what for; it stands in the audit log")
    scopes: list[Scope] = Field([Scope.READ, Scope.WRITE], min_length=1, max_length=len(Scope))
    days: int | None = Field(None, ge=1, le=MOST_DAYS, description="until it expires; by default it never does")


class TokenAnswer(BaseModel):
    id: str
    name: str
    team: str
    scopes: list[Scope]
    standing: str = Field(description="live, expired or revoked")
    created_at: datetime
    expires_at: datetime | None


class MadeToken(TokenAnswer):
    token: str = Field(description="told this once: only its digest is kept")


class TokensAnswer(BaseModel):
    tokens: list[TokenAnswer]


class AuditAnswer(BaseModel):
    rows: list[dict[str, Any]] = Field(description="who did what and what came of it, the latest last")


def make_access_router(tokens: Tokens, home: Folder) -> APIRouter:
    """``/v1/tokens`` and ``/v1/audit``, of the caller's team alone; ``home`` holds this process's audit log."""
    router = APIRouter(responses=FAULTS, tags=["Access"])

    @router.get("/v1/tokens")
    async def listed(request: Request) -> TokensAnswer:
        """The tokens of the caller's team, oldest first; none is shown itself."""
        found = await anyio.to_thread.run_sync(_of_team, tokens, caller_of(request).team)
        return TokensAnswer.model_validate({"tokens": found})

    @router.post("/v1/tokens", status_code=201)
    async def create(request: Request, posted: NewToken) -> MadeToken:
        """Make a token for the caller's team. `mcp-rag tokens create` makes those of others."""
        made = await anyio.to_thread.run_sync(_made, tokens, caller_of(request).team, posted)
        return MadeToken.model_validate(made)

    @router.delete("/v1/tokens/{id}", status_code=204)
    async def revoke(request: Request, id: Annotated[str, Path(max_length=100)]) -> Response:
        """Revoke a token of the caller's team, by its id or its name, for good; it is refused within seconds."""
        await anyio.to_thread.run_sync(_revoke, tokens, caller_of(request).team, id)
        return Response(status_code=204)

    @router.get("/v1/audit")
    async def audit(
        request: Request,
        since: Annotated[
            datetime | None, Query(description="Only what was done from then on; without a zone, UTC.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    ) -> AuditAnswer:
        """The latest that was done for the caller's team on this process; of logs it holds nothing."""
        rows = await anyio.to_thread.run_sync(latest_rows, home, caller_of(request).team, _in_utc(since), limit)
        return AuditAnswer(rows=rows)

    return router


def _of_team(tokens: Tokens, team: str) -> list[dict[str, Any]]:
    return [token_to_json(token) for token in tokens.list() if token.team == team]


def _made(tokens: Tokens, team: str, posted: NewToken) -> dict[str, Any]:
    token, until = new_token(), datetime.now(UTC) + timedelta(days=posted.days) if posted.days else None
    stored = tokens.add(digest_of(token), checked_name(posted.name), team, sorted(posted.scopes), until)
    return {"token": token, **token_to_json(stored)}


def _revoke(tokens: Tokens, team: str, id: str) -> None:
    try:
        tokens.revoke(id, team)
    except NotFound as absent:
        raise NotFound(f"There is no token {id!r} to revoke", absent.why, "GET /v1/tokens lists them") from absent


def _in_utc(since: datetime | None) -> datetime | None:
    return since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
