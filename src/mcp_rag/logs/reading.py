"""A source's bytes, of any size, compression and encoding, into a Log."""

from __future__ import annotations

import codecs
import os
import re
import stat
from typing import BinaryIO

from mcp_rag.errors import UnreadableLog
from mcp_rag.logs.decompressing import Intake, compression_of, decompress
from mcp_rag.logs.exited import note_of, with_exit_code
from mcp_rag.logs.log import Log, is_broken
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.storage import IN_MEMORY_BYTES, FileBytes, Spool, Stored, pieces

CHUNK_BYTES = 4_000_000
"""Bytes of a plain log read at a time."""

HEAD_BYTES = 65_536
"""How much of a log its nature is read from."""

NOT_LOGS: tuple[tuple[int, bytes, str, str], ...] = (
    (257, b"ustar", "a tar archive", "Unpack it and give the log inside"),
    (0, b"PK\x03\x04", "a zip archive", "Unpack it and give the log inside"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it and give the log inside"),
    (0, b"Rar!\x1a\x07", "a rar archive", "Unpack it and give the log inside"),
    (0, b"\x04\x22\x4d\x18", "lz4 data", "Unpack it with lz4 -d"),
    (0, b"\x1f\x9d", "data packed by compress", "Unpack it with uncompress"),
    (0, b"\x7fELF", "a program or a library", "Give the log and not the program"),
    (0, b"\x89PNG\r\n", "a picture", "Give the log as text"),
    (0, b"\xff\xd8\xff", "a picture", "Give the log as text"),
    (0, b"GIF8", "a picture", "Give the log as text"),
    (0, b"%PDF-", "a PDF document", "Give the log as text"),
    (0, b"SQLite format 3\0", "a database", "Give the log as text"),
)
"""Offset, bytes there, what it is, what to do."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; UTF-32's come first, because UTF-16's begins one of them."""

_CONTROLS = bytes(c for c in (*range(1, 32), 127) if c not in b"\t\n\r\b\f\x07\x1b")
"""Controls that text does not hold. NUL is left out: a log that was cut while written to begins with thousands."""

BINARY_CONTROLS, MIXED_CONTROLS, MIXED_BROKEN = 0.10, 0.02, 0.20
"""Share of controls that makes data binary, and the shares of controls and of bytes that are no UTF-8 that do so
together: random bytes have .10 and about .45, text in a legacy Chinese encoding none and up to .9. Chosen by eye."""

LEGACY_PAIRS = 0.9
"""Share of the high bytes that stand in pairs of GB 2312 where a log is taken for Chinese. Chosen by eye."""

_CHINESE_PAIRS = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_ASCII = bytes(range(128))

SHORTEST_BINARY = 32
"""Fewer bytes than this are too few to tell."""


def read_log(source: LogSource, *, max_bytes: int, max_ratio: float, exited: int | None = None) -> Log:
    """Read, unpack and transcode a log.

    Args:
        source: where it comes from; its name comes back as ``Log.source``.
        max_bytes: ceiling of its size once unpacked, in bytes.
        max_ratio: ceiling of bytes unpacked for each compressed byte.
        exited: the exit code of the run that wrote it, where it is known; stands below it as its last line.

    Raises:
        UnreadableLog: missing, not permitted, binary, an archive of files, or damaged beyond use.
        OversizedLog: a ceiling was passed; reading stops there.
    """
    intake = Intake(source.name, max_bytes, max_ratio)
    try:
        with source.open() as stream:
            data, notes = _take_in(stream, intake)
        data, encoding = _to_utf8(data, _refuse_repacked(source.name, data, notes))
    except OSError as fault:
        raise UnreadableLog(
            f"cannot read {source.name}", str(fault), "Check the path, and that the disk has room"
        ) from fault
    finally:
        intake.spool.close()
    _refuse_binary(source.name, data[:HEAD_BYTES])
    if exited is None:
        return Log(source.name, data, notes + encoding)
    return Log(source.name, with_exit_code(data, exited), (*notes, *encoding, note_of(exited)))


def _take_in(stream: BinaryIO, intake: Intake) -> tuple[Stored, tuple[str, ...]]:
    head = stream.read(HEAD_BYTES)
    if kind := compression_of(head):
        notes = decompress(stream, head, kind, intake)
        return intake.spool.finish(), notes
    _refuse_formats(intake.source, head)
    if size := _large_file(stream):
        intake.check(size)
        return FileBytes(stream, size), ()
    while head:
        intake.take(head)
        head = stream.read(CHUNK_BYTES)
    return intake.spool.finish(), ()


def _large_file(stream: BinaryIO) -> int:
    """The size of the file that ``stream`` is, in bytes, when it need not be held; else 0."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_size > IN_MEMORY_BYTES else 0


def _refuse_repacked(name: str, data: Stored, notes: tuple[str, ...]) -> bytes:
    """The head of ``data``, unless what was unpacked is packed again."""
    head = data[:HEAD_BYTES]
    if notes and (again := compression_of(head)):
        raise UnreadableLog(f"cannot read {name}", f"inside the {notes[0]} data is {again} data", "Unpack it once")
    return head


def _refuse_formats(name: str, head: bytes) -> None:
    for offset, magic, what, step in NOT_LOGS:
        if head.startswith(magic, offset):
            raise UnreadableLog(f"cannot read {name}", f"it is {what}", step)


def _to_utf8(data: Stored, head: bytes) -> tuple[Stored, tuple[str, ...]]:
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return _transcode(data, encoding, len(mark))
    return _transcode(data, wide_encoding(head) or _legacy_encoding(data, head))


def _transcode(data: Stored, encoding: str, start: int = 0) -> tuple[Stored, tuple[str, ...]]:
    if encoding == "utf-8" and (not start or isinstance(data, bytes)):
        return data[start:] if start else data, ()
    decoder, spool = codecs.getincrementaldecoder(encoding)("replace"), Spool()
    for piece in pieces(data):
        spool.write(decoder.decode(piece[start:]).encode("utf-8", "replace"))
        start = 0
    spool.write(decoder.decode(b"", True).encode("utf-8", "replace"))
    return spool.finish(), () if encoding == "utf-8" else (encoding.upper(),)


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 without its mark shows as NULs in every other byte: of ASCII, all of them."""
    even, odd = head[::2], head[1::2]
    if len(odd) < 8 or head.startswith(b"\0\0"):
        return None
    low, high = even.count(0) / len(even), odd.count(0) / len(odd)
    if high > 0.6 and low < 0.1:  # chosen by eye
        return "utf-16-le"
    return "utf-16-be" if low > 0.6 and high < 0.1 else None


def _legacy_encoding(data: Stored, head: bytes) -> str:
    """GB18030, when that fits all of the log and most of what is not ASCII breaks as UTF-8.

    Its everyday characters are pairs of high bytes, which Latin text in one byte a letter hardly has.
    """
    foreign = [line for line in head.split(b"\n") if not line.isascii()]
    high = sum(len(line.translate(None, _ASCII)) for line in foreign)
    paired = sum(len(pair) for line in foreign for pair in _CHINESE_PAIRS.findall(line))
    if sum(map(is_broken, foreign)) * 2 <= len(foreign) or paired < LEGACY_PAIRS * high:
        return "utf-8"
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        for piece in pieces(data):
            decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return "utf-8"
    return "gb18030"


def _refuse_binary(name: str, head: bytes) -> None:
    _refuse_formats(name, head)
    written = head.replace(b"\0", b"")
    if len(written) < SHORTEST_BINARY:
        return
    controls = 1 - len(written.translate(None, _CONTROLS)) / len(written)
    if controls < MIXED_CONTROLS:
        return
    broken = written.decode("utf-8", "replace").count("�") / len(written)
    if controls > BINARY_CONTROLS or broken > MIXED_BROKEN:
        raise UnreadableLog(f"cannot read {name}", "it is binary data, not text", "Give the log as text")
