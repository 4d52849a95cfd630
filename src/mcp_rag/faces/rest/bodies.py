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
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource, StreamSource

IN_MEMORY_BYTES = 1_000_000
"""A larger body waits for its turn on disk. Chosen by eye."""

NAME_CHARACTERS = 200
"""Longest name that a log is given. Chosen by eye."""

_HOW = 'Send the log as the body (curl --data-binary @build.log), or JSON {"text": "…"}'

LOG_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The log as it is, plain or compressed (gzip, bzip2, xz, lzma, zstd), or JSON with its text.",
        "content": {
            "text/plain": {"schema": {"type": "string", "minLength": 1}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"text": {"type": "string", "minLength": 1}},
                    "required": ["text"],
                }
            },
        },
    }
}
"""What the OpenAPI document says of a body that is read as it comes."""


@asynccontextmanager
async def posted_log(request: Request, name: str) -> AsyncIterator[LogSource]:
    """The log in the body of ``request``, there until the block ends.

    Raises:
        InputError: the body is empty, or JSON without a text.
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
        if kind == "application/json":
            yield MemorySource(name, _text_in(body.read()))
        else:
            yield StreamSource(name, body)  # type: ignore[arg-type]


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


def _text_in(body: bytes) -> bytes:
    try:
        text = json.loads(body)["text"]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise InputError("The JSON holds no log", 'it is no object with a "text"', _HOW) from wrong
    if not isinstance(text, str) or not text:
        raise InputError("The JSON holds no log", 'its "text" is not a text, or empty', _HOW)
    return text.encode("utf-8", "replace")
