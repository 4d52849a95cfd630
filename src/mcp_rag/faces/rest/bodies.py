"""A request's body → a log."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mcp_rag.errors import InputError
from mcp_rag.faces.serving.fetching import fetched_log
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource, StreamSource

IN_MEMORY_BYTES = 1_000_000
"""A larger body waits for its turn on disk. Chosen by eye."""

NAME_CHARACTERS = 200
"""Longest name that a log is given. Chosen by eye."""

_HOW = 'Send the log as the body (curl --data-binary @build.log), or JSON {"text": "…"} or {"url": "…"}'

LOG_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The log as it is, plain or compressed (gzip, bzip2, xz, lzma, zstd), or JSON with its text or its URL.",
        "content": {
            "text/plain": {"schema": {"type": "string", "minLength": 1}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string", "minLength": 1},
                        "url": {"type": "string", "description": "a log's address, where this server may fetch it"},
                    },
                    "minProperties": 1,
                    "maxProperties": 1,
                }
            },
        },
    }
}
"""What the OpenAPI document says of a body that is read as it comes."""


@asynccontextmanager
async def posted_log(request: Request, name: str) -> AsyncIterator[LogSource]:
    """The log in the body of ``request`` or behind the URL there, there until the block ends.

    Raises:
        InputError: the body is empty, JSON without a text, or with a URL that may not be fetched.
        RemoteError: the server behind the URL does not answer as it should.
        HTTPException: a form (415), or the sender went away (400).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        raise HTTPException(415, f"A form is no log. {_HOW}")
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, prefix="mcp-rag-body-") as body:
        try:
            async for chunk in request.stream():
                body.write(chunk)
        except ClientDisconnect as gone:
            raise HTTPException(400, "The request broke off") from gone
        if body.tell() == 0:
            raise InputError("The request holds no log", "its body is empty", _HOW)
        body.seek(0)
        if kind != "application/json":
            yield StreamSource(name, body)  # type: ignore[arg-type]
            return
        field, value = _given_in(body.read())
        if field == "text":
            yield MemorySource(name, value.encode("utf-8", "replace"))
            return
        async with fetched_log(request.app.state.fetch, value) as source:
            yield source


@asynccontextmanager
async def posted_bytes(request: Request) -> AsyncIterator[bytes]:
    """The log in the body of ``request``, as bytes that are kept; compressed ones stay so.

    Raises:
        InputError: the body is empty, or JSON without a text.
        HTTPException: a form (415), or the sender went away (400).
    """
    async with posted_log(request, "") as source:
        with source.open() as stream:
            yield stream.read()


def _given_in(body: bytes) -> tuple[str, str]:
    """Which of text and url is given, and what it says."""
    try:
        given = {name: value for name, value in dict(json.loads(body)).items() if name in ("text", "url")}
    except (ValueError, TypeError, RecursionError) as wrong:
        raise InputError("The JSON holds no log", "it is no object", _HOW) from wrong
    if len(given) != 1:
        raise InputError("The JSON holds no log", 'it has not exactly one of "text" and "url"', _HOW)
    ((name, value),) = given.items()
    if not isinstance(value, str) or not value:
        raise InputError("The JSON holds no log", f'its "{name}" is not a text, or empty', _HOW)
    return name, value
