"""The assistant as if it were a language model: OpenAI's chat completions, so that any chat client can ask it."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from mcp_rag.errors import McpRagError
from mcp_rag.faces.rest.chat_messages import ChatMessage
from mcp_rag.faces.rest.faults import FAULTS, status_of
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.conversing import answer_message
from mcp_rag.faces.serving.telling import HEARTBEAT_SECONDS
from mcp_rag.logs.budget import CHARACTERS_PER_TOKEN

MODEL = "mcp-rag"
"""The only model there is; another name in a request is taken for it, as single-model servers do."""

PIECE_CHARACTERS = 60
"""Of a streamed answer: whole at once, it would seem to hang in clients that draw what arrives. Chosen by eye."""

SECONDS_TO_REFUSE = 1.0
"""So long a streamed answer is waited for before its stream begins. Chosen by eye."""

MOST_MESSAGES = 1_000

NOTHING = ChatMessage(role="user")
"""What a conversation says in which no user has said anything."""


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """What of OpenAI's request is looked at; sampling parameters change nothing and are let pass."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(MODEL, max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = False
    stream_options: StreamOptions | None = None


def make_openai_router() -> APIRouter:
    """``/v1/chat/completions`` and ``/v1/models``."""
    router = APIRouter(responses=FAULTS, tags=["OpenAI-compatible"])

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """The assistant, as a model."""
        return {"object": "list", "data": [_model()]}

    @router.get("/v1/models/mcp-rag")
    async def model() -> dict[str, Any]:
        """The assistant, as a model."""
        return _model()

    @router.post(
        "/v1/chat/completions",
        response_model=None,
        responses={200: {"content": {"text/event-stream": {}, "application/json": {}}}},
    )
    async def completions(request: Request, asked: ChatRequest) -> dict[str, Any] | StreamingResponse:
        """Diagnose the logs in the last user message, in its text or in files that it brings (`file_data`), or answer its
        question from known issues."""
        house = house_of(request)
        said = next((message for message in reversed(asked.messages) if message.role == "user"), NOTHING)
        logs = await anyio.to_thread.run_sync(said.logs)
        answering = asyncio.ensure_future(house.on_log(answer_message, house, said.text(), logs))
        if asked.stream:
            # A refusal that comes soon has a status of its own; an answer that takes long begins at once.
            await asyncio.wait({answering}, timeout=SECONDS_TO_REFUSE)
        answer = await answering if not asked.stream or answering.done() else None
        head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": MODEL}
        if asked.stream or answer is None:
            return StreamingResponse(_events(head, answering, asked), media_type="text/event-stream")
        usage = _usage(asked, answer)
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}

    return router


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "mcp-rag"}


def _usage(asked: ChatRequest, answer: str) -> dict[str, int]:
    """Estimated at so many characters a token: no model was asked."""
    prompt = sum(message.characters() for message in asked.messages) // CHARACTERS_PER_TOKEN
    completion = len(answer) // CHARACTERS_PER_TOKEN
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _events(head: dict[str, Any], answering: asyncio.Future[str], asked: ChatRequest) -> AsyncIterator[str]:
    """Server-sent events of an answer, as OpenAI cuts them; comments while it is being made."""
    head = {**head, "object": "chat.completion.chunk"}

    def chunk(delta: dict[str, str], finish: str | None = None) -> str:
        return _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    while not answering.done():
        await asyncio.wait({answering}, timeout=HEARTBEAT_SECONDS)
        if not answering.done():
            yield ": at work\n\n"
    try:
        answer = answering.result()
    except McpRagError as error:
        yield _event({"error": {"message": str(error), "type": type(error).__name__, "code": status_of(error)}})
        return
    for start in range(0, len(answer), PIECE_CHARACTERS):
        yield chunk({"content": answer[start : start + PIECE_CHARACTERS]})
    yield chunk({}, "stop")
    if asked.stream_options and asked.stream_options.include_usage:
        yield _event({**head, "choices": [], "usage": _usage(asked, answer)})
    yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
