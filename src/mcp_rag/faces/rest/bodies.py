"""A request's body → a log."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from mcp_rag.errors import InputError
from mcp_rag.faces.serving.fetching import fetched_log
from mcp_rag.logs.exited import LEAST, MOST
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource, StreamSource

IN_MEMORY_BYTES = 1_000_000
"""A larger body waits for its turn on disk. Chosen by eye."""

NAME_CHARACTERS = 200
"""Longest name that a log is given. Chosen by eye."""

Name = Annotated[str, Query(max_length=NAME_CHARACTERS, description="What to call the log in the answer.")]
Exited = Annotated[
    int | None,
    Query(
        ge=LEAST,
        le=MOST,
        description="The exit code of the run that wrote the log, where it is known: whether it failed need not be told "
        "from its words. Stands below the log as its last line.",
    ),
]

IN_QUERY = frozenset(("exited", "job", "lines", "tokens", "chat"))
"""What changes an answer and is asked for in the query."""

_HOW = 'Send the log as the body (curl --data-binary @build.log), or JSON {"text": "…"} or {"url": "…"}'

_HOW_FORM = """curl --form log=@build.log --form good=@passed.log --form 'versions={"numpy": "2.1.0"}'"""

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

MOST_GOOD = 10
"""Logs of runs that passed which come with one log. Chosen by eye."""

MOST_PACKAGES, VERSION_CHARACTERS = 5_000, 500
"""Of an environment: its packages, and characters of a name or a version. Chosen by eye."""

_FORM = {
    "type": "object",
    "properties": {
        "log": {"type": "string", "format": "binary"},
        "good": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "maxItems": MOST_GOOD,
            "description": "logs of runs that passed: what is new against them goes first",
        },
        "versions": {"type": "string", "description": "JSON: package → version, where the log arose"},
    },
    "required": ["log"],
}

CASE_BODY: dict[str, Any] = {
    "requestBody": {
        **LOG_BODY["requestBody"],
        "content": {**LOG_BODY["requestBody"]["content"], "multipart/form-data": {"schema": _FORM}},
    }
}
"""The same of a log that may come with others, and with versions, in a form."""


@dataclass(frozen=True, slots=True)
class Case:
    """A log, and what is known of its run: logs of runs that passed, and package → version."""

    log: LogSource
    good: tuple[LogSource, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def posted_case(request: Request, name: str) -> AsyncIterator[Case]:
    """The log in the body of ``request``, as :func:`posted_log` reads it, or a form with more, there until the block
    ends.

    Raises:
        InputError: there is no log, or the versions are none.
        HTTPException: the form is none, or the sender went away (400).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        async with posted_log(request, name) as source:
            yield Case(source)
        return
    try:
        form = await request.form(max_files=MOST_GOOD + 1, max_fields=5, max_part_size=IN_MEMORY_BYTES)
    except ClientDisconnect as gone:
        raise HTTPException(400, "The request broke off") from gone
    except MultiPartException as wrong:
        raise HTTPException(400, wrong.message) from wrong
    try:
        yield _case_in(form, name)
    finally:
        await form.close()


def _case_in(form: FormData, name: str) -> Case:
    _refuse_what_belongs_elsewhere(form)
    logs = [file for file in form.getlist("log") if isinstance(file, UploadFile) and file.size]
    if len(logs) != 1:
        raise InputError("The form holds no log", f'it has {len(logs)} files "log" that are not empty', _HOW_FORM)
    good = [file for file in form.getlist("good") if isinstance(file, UploadFile) and file.size]
    passed = (StreamSource(f"good {number}", file.file) for number, file in enumerate(good, 1))
    return Case(StreamSource(name, logs[0].file), tuple(passed), _versions_in(form.get("versions")))


def _versions_in(text: object) -> dict[str, str]:
    if not text:
        return {}
    try:
        given = json.loads(str(text)) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or len(given) > MOST_PACKAGES or not all(map(_is_version, given.items())):
        why = f'"versions" is no JSON object of at most {MOST_PACKAGES:,} packages, each with its version as a text'
        raise InputError("The form's versions cannot be used", why, _HOW_FORM)
    return given


def _is_version(pair: tuple[str, Any]) -> bool:
    return all(isinstance(text, str) and len(text) <= VERSION_CHARACTERS for text in pair)


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


def _refuse_what_belongs_elsewhere(names: Iterable[str]) -> None:
    """Raises InputError where the body holds what is read from the query alone: left out silently it would be missed."""
    if misplaced := sorted(IN_QUERY.intersection(names)):
        why = f"{', '.join(misplaced)} is read from the query, not from the body"
        raise InputError("The request tells something where nobody looks", why, f"Send it as ?{misplaced[0]}=…")


def _given_in(body: bytes) -> tuple[str, str]:
    """Which of text and url is given, and what it says."""
    try:
        whole = dict(json.loads(body))
    except (ValueError, TypeError, RecursionError) as wrong:
        raise InputError("The JSON holds no log", "it is no object", _HOW) from wrong
    _refuse_what_belongs_elsewhere(whole)
    given = {name: value for name, value in whole.items() if name in ("text", "url")}
    if len(given) != 1:
        raise InputError("The JSON holds no log", 'it has not exactly one of "text" and "url"', _HOW)
    ((name, value),) = given.items()
    if not isinstance(value, str) or not value:
        raise InputError("The JSON holds no log", f'its "{name}" is not a text, or empty', _HOW)
    return name, value
