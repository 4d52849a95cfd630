"""The messages of OpenAI's chat completions: what is read of them, and what is refused."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from mcp_rag.faces.rest.bodies import NAME_CHARACTERS
from mcp_rag.logs.sources import MemorySource

MOST_FILES = 10
"""Logs attached to one message. Chosen by eye."""

_HOW = 'Send the log as text, or as a part {"type": "file", "file": {"filename": "build.log", "file_data": "…base64…"}}'


class AttachedFile(BaseModel):
    """A file in a message: a log, plain or packed."""

    filename: str | None = None
    file_data: str | None = Field(None, description="base64, alone or as a data URL")
    file_id: str | None = Field(None, description="refused: no files are stored here")


class Part(BaseModel):
    """A part of a message: a text, or a file."""

    type: str = Field(max_length=100)
    text: str | None = None
    file: AttachedFile | None = None


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def text(self) -> str:
        """What the message says."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""

    def characters(self) -> int:
        """How long it is, its files' bytes taken for characters."""
        files = [part.file for part in self.content if part.file] if isinstance(self.content, list) else []
        return len(self.text()) + sum(len(file.file_data or "") * 3 // 4 for file in files)

    def logs(self) -> list[MemorySource]:
        """The files that are attached to it.

        Raises:
            HTTPException: a part is neither text nor file, a file cannot be read, or there are too many (400).
        """
        parts = self.content if isinstance(self.content, list) else []
        for part in parts:
            if part.type not in ("text", "file"):
                raise HTTPException(400, f"Only texts and files are read, and a part is of type {part.type!r}. {_HOW}")
        files = [part.file for part in parts if part.type == "file"]
        if len(files) > MOST_FILES:
            raise HTTPException(400, f"At most {MOST_FILES} files of a message are read, and this one has {len(files)}")
        return [_log_in(file, number) for number, file in enumerate(files, 1)]


def _log_in(file: AttachedFile | None, number: int) -> MemorySource:
    name = ((file and file.filename) or f"file {number}").replace("\\", "/").rpartition("/")[2]
    name = "".join(filter(str.isprintable, name))[:NAME_CHARACTERS] or f"file {number}"
    if file is None or not file.file_data:
        why = "has a file_id, and no files are stored here" if file and file.file_id else "holds no file_data"
        raise HTTPException(400, f"The file {name!r} {why}. {_HOW}")
    head, comma, data = file.file_data.partition(",")
    if comma and not head.rstrip().lower().endswith(";base64"):
        raise HTTPException(400, f"The file_data of {name!r} is a data URL without base64. {_HOW}")
    try:
        content = base64.b64decode("".join((data if comma else head).split()), validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise HTTPException(400, f"The file_data of {name!r} is no base64. {_HOW}") from wrong
    if not content:
        raise HTTPException(400, f"The file {name!r} holds nothing. {_HOW}")
    return MemorySource(name, content)
