"""The error tree and whatever else goes wrong → an HTTP status and one shape of body."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mcp_rag.errors import (
    ChatError,
    Forbidden,
    InputError,
    KnowledgeError,
    LedgerError,
    McpRagError,
    MissingExtra,
    NotFound,
    OversizedLog,
    RemoteError,
    SettingsError,
)
from mcp_rag.faces.serving.answers import FaultAnswer

_STATUS: tuple[tuple[type[McpRagError], int], ...] = (
    (OversizedLog, 413),
    (InputError, 422),
    (NotFound, 404),
    (LedgerError, 503),
    (KnowledgeError, 503),
    (MissingExtra, 501),
    (ChatError, 502),
    (RemoteError, 502),
    (Forbidden, 403),
    (SettingsError, 500),
)
"""The first that fits counts: a branch of the tree stands behind its twigs."""

FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": FaultAnswer} for status in (400, 401, 403, 404, 413, 415, 421, 422, 429, 500, 502, 503)
}
"""What the OpenAPI document says of answers that are no success."""

_SCHEMA = "GET /openapi.json describes every request"


def fault(status: int, what: str, why: str = "", next_step: str = "", **headers: str) -> JSONResponse:
    """An answer that is no success."""
    return JSONResponse({"error": {"what": what, "why": why, "next": next_step}}, status, headers=headers or None)


def status_of(error: McpRagError) -> int:
    """The status of the branch of the error tree that ``error`` sits on."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def fault_of(error: McpRagError) -> JSONResponse:
    """The answer that tells ``error``."""
    return fault(status_of(error), error.what, error.why, error.next_step)


def map_faults(app: FastAPI) -> None:
    """See that every fault of ``app`` has the one shape, and that no answer repeats what was sent."""

    @app.exception_handler(McpRagError)
    async def ours(request: Request, error: McpRagError) -> JSONResponse:
        return fault_of(error)

    @app.exception_handler(RequestValidationError)
    async def misfit(request: Request, error: RequestValidationError) -> JSONResponse:
        places = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return fault(422, "The request cannot be used", "; ".join(places), _SCHEMA)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return fault(error.status_code, str(error.detail), "", _SCHEMA, **dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return fault(500, "The server failed", type(error).__name__, "Its standard error says where; please report it")
