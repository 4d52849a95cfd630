"""Work that takes long: left with the server, asked for, listened to, called off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse

from mcp_rag.faces.rest.bodies import LOG_BODY, Exited, Name, posted_bytes
from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.rest.job_routes import Job, job_asked_for
from mcp_rag.faces.serving.answers import TaskAnswer, TasksAnswer
from mcp_rag.faces.serving.asking import caller_of, house_of
from mcp_rag.faces.serving.tasking import DIAGNOSE, Runners
from mcp_rag.ledger import StoredTask
from mcp_rag.ledger.tasks import ENDED

LISTEN_SECONDS = 0.5
"""How often a listener's task is looked at. Chosen by eye."""

MOST_TASKS = 100

Id = Annotated[str, Path(max_length=100)]


def make_tasks_router(runners: Runners) -> APIRouter:
    """``/v1/tasks``."""
    tasks = runners.tasks
    router = APIRouter(responses=FAULTS, tags=["Tasks"])

    @router.post("/v1/tasks/diagnose", status_code=202, openapi_extra=LOG_BODY, response_model=TaskAnswer)
    async def diagnose(
        request: Request, name: Name = "request", job: Job = None, exited: Exited = None
    ) -> JSONResponse:
        """Leave a log to be diagnosed; once this answers, it will be, whatever becomes of the server meanwhile."""
        house, team, job = house_of(request), caller_of(request).team, job_asked_for(request, job)
        async with posted_bytes(request) as body:
            task = await house.on_house(tasks.add, team, DIAGNOSE, name, body, job, exited)
        runners.wake()
        return JSONResponse(task_to_json(task), 202, {"location": f"/v1/tasks/{task.id}", "retry-after": "1"})

    @router.get("/v1/tasks")
    async def listed(request: Request, limit: Annotated[int, Query(ge=1, le=MOST_TASKS)] = 20) -> TasksAnswer:
        """The latest tasks of the caller's team."""
        found = await house_of(request).on_house(tasks.list, caller_of(request).team, limit)
        return TasksAnswer.model_validate({"tasks": [task_to_json(task) for task in found]})

    @router.get("/v1/tasks/{id}")
    async def one(request: Request, id: Id) -> TaskAnswer:
        """How a task stands, and its answer once it is done."""
        task = await house_of(request).on_house(tasks.get, caller_of(request).team, id)
        return TaskAnswer.model_validate(task_to_json(task))

    @router.get("/v1/tasks/{id}/events", response_model=None, responses={200: {"content": {"text/event-stream": {}}}})
    async def events(request: Request, id: Id) -> StreamingResponse:
        """Server-sent events: how the task stands, each time that changes, until it has ended."""
        house, team = house_of(request), caller_of(request).team
        first = await house.on_house(tasks.get, team, id)

        async def stream() -> AsyncIterator[str]:
            task, told = first, ""
            while True:
                now = json.dumps(task_to_json(task), ensure_ascii=False)
                if now != told:
                    yield f"event: {task.standing.value}\ndata: {now}\n\n"
                    told = now
                if task.standing in ENDED or runners.is_stopping:
                    return
                await asyncio.sleep(LISTEN_SECONDS)
                task = await house.on_house(tasks.get, team, id)

        return StreamingResponse(stream(), media_type="text/event-stream")

    @router.delete("/v1/tasks/{id}")
    async def cancel(request: Request, id: Id) -> TaskAnswer:
        """Call a task off; one that has ended stays as it is."""
        task = await house_of(request).on_house(tasks.cancel, caller_of(request).team, id)
        return TaskAnswer.model_validate(task_to_json(task))

    return router


def task_to_json(task: StoredTask) -> dict[str, Any]:
    """What a caller is told of a task."""
    return {
        "task": task.id,
        "kind": task.kind,
        "name": task.name,
        "standing": task.standing.value,
        "attempts": task.attempts,
        "created_at": task.created_at.isoformat(),
        "progress": {"done": task.done, "total": task.total},
        "result": task.result,
        "error": task.error,
    }
