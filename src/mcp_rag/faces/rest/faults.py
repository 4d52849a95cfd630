"""The error tree and whatever else goes wrong → an HTTP status and one shape of body."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

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

_SHAPE = {"application/json": {"schema": {"$ref": f"#/components/schemas/{FaultAnswer.__name__}"}}}

FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": _SHAPE}
    for status in (400, 401, 403, 404, 413, 415, 421, 422, 429, 500, 502, 503)
}
"""What the OpenAPI document says of answers that are no success. Its shape is named here and described by
``FAULT_SHAPE``: as a model at each, it would be built anew for each route, a tenth of a second of a start."""

FAULT_SHAPE: dict[int | str, dict[str, Any]] = {500: {"model": FaultAnswer}}
"""At one route of an application."""

AsPage = Callable[[Scope, JSONResponse], Response]
"""Shows a refusal to a person who looks at a page."""

_NO_PAGE = "There is no such page"
_SCHEMA = "GET /openapi.json describes every request"


def fault(status: int, what: str, why: str = "", next_step: str = "", **headers: str) -> JSONResponse:
    """An answer that is no success. ``message`` is the whole of it: clients of OpenAI's API show that and nothing else."""
    told = {"what": what, "why": why, "next": next_step, "message": str(McpRagError(what, why, next_step))}
    return JSONResponse({"error": told}, status, headers=headers or None)


def status_of(error: McpRagError) -> int:
    """The status of the branch of the error tree that ``error`` sits on."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def fault_of(error: McpRagError) -> JSONResponse:
    """The answer that tells ``error``."""
    return fault(status_of(error), error.what, error.why, error.next_step)


def is_looked_at(scope: Scope) -> bool:
    """Whether the answer to a request will stand in a browser's window."""
    return "text/html" in Headers(scope=scope).get("accept", "") and not scope["path"].startswith(("/v1/", "/mcp"))


def map_faults(app: FastAPI, as_page: AsPage) -> None:
    """See that every fault of ``app`` has the one shape, or is a page where a person looks; and that no answer repeats
    what was sent."""

    def shown(request: Request, answer: JSONResponse) -> Response:
        return as_page(request.scope, answer) if is_looked_at(request.scope) else answer

    @app.exception_handler(McpRagError)
    async def ours(request: Request, error: McpRagError) -> Response:
        return shown(request, fault_of(error))

    @app.exception_handler(RequestValidationError)
    async def misfit(request: Request, error: RequestValidationError) -> Response:
        places = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return shown(request, fault(422, "The request cannot be used", "; ".join(places), _SCHEMA))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        what, next_step, headers = str(error.detail), _SCHEMA, dict(error.headers or {})
        if is_looked_at(request.scope):
            what, next_step = _NO_PAGE if what == HTTPStatus.NOT_FOUND.phrase else what, ""
        return shown(request, fault(error.status_code, what, "", next_step, **headers))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        why, next_step = type(error).__name__, "Its standard error says where; please report it"
        return shown(request, fault(500, "The server failed", why, next_step))
