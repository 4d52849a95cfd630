"""The fields of a posted form, bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from mcp_rag.errors import InputError
from mcp_rag.faces.web.visiting import refuse_forgery
from mcp_rag.logs.exited import exit_code_in
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource, StreamSource

NAME_CHARACTERS = 200
MOST_FIELDS = 200
PASTED_BYTES = 64_000_000
"""Most bytes of one field; the server's own ceiling of a request comes before or after it."""

PASTED = "pasted.log"


@asynccontextmanager
async def posted_form(request: Request) -> AsyncIterator[FormData]:
    """The form in the body of ``request``, once it is known to come from a page of ours.

    Raises:
        HTTPException: it is no form, broke off (400), or is from elsewhere (403).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise HTTPException(415, "This is no form")
    try:
        form = await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=PASTED_BYTES)
    except ClientDisconnect as gone:
        raise HTTPException(400, "The request broke off") from gone
    except MultiPartException as wrong:
        raise HTTPException(400, wrong.message) from wrong
    try:
        refuse_forgery(request, form)
        yield form
    finally:
        await form.close()


def text_in(form: FormData, name: str, most: int = 20_000) -> str:
    """One text of a form, with plain line ends; empty when it is not there.

    Raises:
        InputError: it has more than ``most`` characters.
    """
    value = form.get(name)
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
    if len(text) > most:
        raise InputError(f"The field {name!r} is too long", f"it has more than {most:,} characters", "Shorten it")
    return text


def lines_in(form: FormData, name: str) -> tuple[str, ...]:
    """The lines of a text of a form that are not blank."""
    return tuple(line.strip() for line in text_in(form, name).split("\n") if line.strip())


def exit_code_of(form: FormData) -> int | None:
    """The exit code in a form; None where none is given.

    Raises:
        InputError: it is none.
    """
    text = text_in(form, "exited", 20)
    if not text:
        return None
    try:
        return exit_code_in(text)
    except ValueError as wrong:
        step = "Give it as the shell does: 0, 1, 137"
        raise InputError(f"{text!r} is no exit code", "it is no whole number of 32 bits", step) from wrong


def log_in(form: FormData) -> LogSource:
    """The log in a form: the file that was picked, else the text that was pasted.

    Raises:
        InputError: there is neither.
    """
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        name = file.filename.replace("\\", "/").rpartition("/")[2][:NAME_CHARACTERS]
        return StreamSource(name or PASTED, file.file)
    text = form.get("text")
    if isinstance(text, str) and text.strip():
        return MemorySource(text_in(form, "name", NAME_CHARACTERS) or PASTED, text.encode("utf-8", "replace"))
    raise InputError(
        "There is no log", "neither was a text pasted nor a file picked", "Paste the log, or pick its file"
    )
