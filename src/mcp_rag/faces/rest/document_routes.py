"""Documents that are uploaded to be learned."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from mcp_rag.errors import InputError
from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.rest.task_routes import task_to_json
from mcp_rag.faces.serving.answers import TasksAnswer
from mcp_rag.faces.serving.asking import caller_of, house_of
from mcp_rag.faces.serving.learning import document_name
from mcp_rag.faces.serving.tasking import LEARN, Runners

MOST_FILES = 50
"""Documents of one request. Chosen by eye."""

_HOW = "Send files as multipart/form-data: curl -F file=@runbook.md"

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Markdown, HTML, JSONL, JSON, CSV, plain text, or a Stack Exchange dump, several at once.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    "required": ["file"],
                }
            }
        },
    }
}


def make_documents_router(runners: Runners) -> APIRouter:
    """``/v1/documents``."""
    router = APIRouter(responses=FAULTS, tags=["Known issues"])

    @router.post("/v1/documents", status_code=202, response_model=TasksAnswer, openapi_extra=_BODY)
    async def learn(request: Request) -> JSONResponse:
        """Leave documents to be learned, each a task; a document takes the place of an earlier one of its name."""
        house, team = house_of(request), caller_of(request).team
        tasks = []
        for name, data in await _uploaded(request):
            tasks.append(await house.on_house(runners.tasks.add, team, LEARN, name, data))
        runners.wake()
        return JSONResponse({"tasks": [task_to_json(task) for task in tasks]}, 202, {"retry-after": "1"})

    return router


async def _uploaded(request: Request) -> list[tuple[str, bytes]]:
    """Name and content of each file in a form.

    Raises:
        InputError: there is none, or one without a name.
        HTTPException: it is no form (415), or broke off (400).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise HTTPException(415, f"This is no upload. {_HOW}")
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            found = [(document_name(file.filename), await file.read()) for file in files]
    except ClientDisconnect as gone:
        raise HTTPException(400, "The request broke off") from gone
    except MultiPartException as wrong:
        raise HTTPException(400, wrong.message) from wrong
    if not found:
        raise InputError("The request holds no document", "its form has no file", _HOW)
    return found
