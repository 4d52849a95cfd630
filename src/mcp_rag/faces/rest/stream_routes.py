"""Answers told while they are made: server-sent events of a diagnosis, and of a question to the language model."""

from __future__ import annotations

from contextlib import AsyncExitStack
from threading import Event as Flag
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from mcp_rag.conversation import QUESTION_CHARACTERS, Turn
from mcp_rag.errors import InputError
from mcp_rag.faces.rest.bodies import LOG_BODY, Exited, Name, posted_log
from mcp_rag.faces.rest.faults import FAULTS, status_of
from mcp_rag.faces.rest.job_routes import Job, job_asked_for
from mcp_rag.faces.serving.answers import FaultAnswer
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.shared_house import Wanted
from mcp_rag.faces.serving.telling import Put, heard, passed_on, told
from mcp_rag.reasoning.talking import TURN_CHARACTERS, TURNS_KEPT

EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


class AskedBefore(BaseModel):
    """A question about the same incident, and the answer that *done* gave."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(max_length=QUESTION_CHARACTERS)
    answer: str = Field(max_length=100 * TURN_CHARACTERS)


class Question(BaseModel):
    """What is asked, and what was asked before, oldest first."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=QUESTION_CHARACTERS, pattern=r"\S")
    history: list[AskedBefore] = Field(default=[], max_length=10 * TURNS_KEPT)


def make_streams_router() -> APIRouter:
    """``/v1/diagnose/events`` and ``/v1/ask``."""
    router = APIRouter(responses=FAULTS)

    @router.post("/v1/diagnose/events", openapi_extra=LOG_BODY, response_model=None, responses=EVENTS)
    async def diagnose(
        request: Request, name: Name = "request", job: Job = None, exited: Exited = None
    ) -> StreamingResponse:
        """The same as server-sent events: *progress* in a large log's lines, *token* of a language model's draft, which
        is unchecked, and last *diagnosis* or *error*."""
        house, gone, opened = house_of(request), Flag(), AsyncExitStack()
        wanted = Wanted(job=job_asked_for(request, job), exited=exited)
        source = await opened.enter_async_context(posted_log(request, name))

        async def run(put: Put) -> None:
            async with opened:
                answer = await house.on_log(
                    house.diagnose,
                    source,
                    progress=lambda done, total: put({"event": "progress", "done": done, "total": total}),
                    wanted=wanted,
                    hear=heard(put, gone),
                )
            put({"event": "diagnosis", **answer})

        return StreamingResponse(told(run, gone, status_of), media_type="text/event-stream")

    @router.post(
        "/v1/ask/{incident}", response_model=None, responses={**EVENTS, 409: {"model": FaultAnswer}}, tags=["Incidents"]
    )
    async def ask(
        request: Request, incident: Annotated[str, Path(max_length=200)], asked: Question
    ) -> StreamingResponse:
        """Ask the language model about an incident, as server-sent events: *token* of its draft, *tool* that it used,
        each *statement* once it is checked, *withheld*, and last *done* or *error*. 409 where no model is set."""
        shared, gone = house_of(request), Flag()
        if shared.house.assistant.chat is None:
            raise HTTPException(409, "No language model is set on this server")
        if incident == "last":
            raise InputError("An incident is asked about by its id", "on a server the last one is anybody's", "Name it")
        stored = await shared.on_house(shared.house.ledger.incidents.get, incident)
        history = [Turn(one.question, one.answer) for one in asked.history]
        events = await shared.on_log(shared.house.converse, stored.id, asked.question, history)

        async def run(put: Put) -> None:
            await shared.on_log(passed_on, events, put, gone)

        return StreamingResponse(told(run, gone, status_of), media_type="text/event-stream")

    return router
