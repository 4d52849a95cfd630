"""Bodies that come packed (``Content-Encoding``), unpacked before the application reads them.

A log that is the body itself stays as it came: whatever reads logs unpacks it, into a file and with its own ceilings.
"""

from __future__ import annotations

import math
from io import BytesIO

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_rag.errors import OversizedLog, UnreadableLog
from mcp_rag.faces.rest.faults import fault
from mcp_rag.logs.decompressing import MAGIC, Intake, decompress

KNOWN = tuple(dict.fromkeys(name for _, name in MAGIC))
"""The codings that are read: those that a log may be packed with."""

_ALIASES = {"x-gzip": "gzip", "x-bzip2": "bzip2"}
_STRUCTURED = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


class Unpacking:
    """``app`` behind an unpacking of bodies, to at most ``max_bytes`` each."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = _coding_in(scope) if scope["type"] == "http" else ""
        if not coding:
            await self._app(scope, receive, send)
        elif coding not in KNOWN:
            await _unknown(coding)(scope, receive, send)
        elif not _is_structured(scope):
            await self._app(scope, receive, send)
        else:
            await self._unpacked(coding, scope, receive, send)

    async def _unpacked(self, coding: str, scope: Scope, receive: Receive, send: Send) -> None:
        packed = await _whole_body(receive)
        if packed is None:
            return  # its sender went away, or was told already that it is too large
        try:
            body = await anyio.to_thread.run_sync(_unpack, packed, coding, self._max_bytes) if packed else b""
        except OversizedLog:
            await self._oversized()(scope, receive, send)
            return
        except UnreadableLog as wrong:
            await fault(400, wrong.what, wrong.why, "Pack it again, or send it unpacked")(scope, receive, send)
            return
        headers = MutableHeaders(scope=scope)
        del headers["content-encoding"], headers["transfer-encoding"]
        headers["content-length"] = str(len(body))
        await self._app(scope, _replayed(body, receive), send)

    def _oversized(self) -> Response:
        why = f"it unpacks to more than {self._max_bytes:,} bytes"
        step = "Send the log itself as the body, packed or not, or the part around the failure; or raise --max-request-bytes"
        return fault(413, "The request is too large", why, step)


def _coding_in(scope: Scope) -> str:
    """The coding of a body; empty when it is not packed."""
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding"]
    codings = [part.strip().lower() for part in ",".join(said).split(",")]
    coding = ", ".join(part for part in codings if part not in ("", "identity"))
    return _ALIASES.get(coding, coding)


def _is_structured(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").decode("latin-1")
    kind = kind.partition(";")[0].strip().lower()
    return kind in _STRUCTURED or kind.endswith("+json")


def _unknown(coding: str) -> Response:
    why = f"its Content-Encoding says {coding[:100]!r}"
    step = f"Known are {', '.join(KNOWN)}, one at a time; or send it unpacked"
    return fault(
        415, "The request is packed in a way that is not known", why, step, **{"accept-encoding": ", ".join(KNOWN)}
    )


async def _whole_body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _unpack(packed: bytes, coding: str, max_bytes: int) -> bytes:
    """Raises UnreadableLog of what is not packed so, damaged or cut off, OversizedLog above ``max_bytes``."""
    intake = Intake("the request", max_bytes, math.inf)
    try:
        notes = decompress(BytesIO(), packed, coding, intake)
        stored = intake.spool.finish()
    except BaseException:
        intake.spool.close()
        raise
    if len(notes) > 1:
        raise UnreadableLog("cannot unpack the request", f"its {coding} data is damaged or cut off")
    return stored[:]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """``body`` in one message, and then what ``receive`` tells."""
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
