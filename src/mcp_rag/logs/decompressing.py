"""Compressed streams by their first bytes, read with two ceilings; what can be had of a damaged one is kept."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO, Protocol

from mcp_rag.errors import OversizedLog, UnreadableLog
from mcp_rag.logs.storage import Spool

PIECE_BYTES = 1024
"""Compressed bytes fed at a time. A damaged piece is lost whole, and zstd may turn one into 32 MB, so it is small."""

OUT_BYTES = 1_000_000
"""Most that the other decoders give at a time."""

RATIO_FLOOR_BYTES = 1_000_000
"""Below this size a high ratio harms nobody, and short repetitive logs reach it honestly."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


class Decoder(Protocol):
    """What the decompressors share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """The name of the compression that ``head``, the first bytes of a stream, announces."""
    for magic, name in MAGIC:
        # Text may begin with BZh too: a block or the end of the stream must follow.
        if head.startswith(magic) and (name != "bzip2" or head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")):
            return name
    return None


@dataclass
class Intake:
    """What has been read of a log so far, held to its ceilings: bytes in all, and bytes out for each byte in."""

    source: str
    max_bytes: int
    max_ratio: float
    compressed_bytes: int = 0
    spool: Spool = field(default_factory=Spool)

    @property
    def size(self) -> int:
        return self.spool.size

    def take(self, out: bytes) -> None:
        """Keep ``out``. Raises OversizedLog when that passes a ceiling."""
        self.check(self.size + len(out))
        self.spool.write(out)

    def check(self, size: int) -> None:
        """Raises OversizedLog when a log of ``size`` bytes passes a ceiling."""
        if size > self.max_bytes:
            why = f"it has more than {self.max_bytes:,} bytes"
            step = "Raise --max-log-bytes (MCP_RAG_MAX_LOG_BYTES), or give a part of it"
            raise OversizedLog(f"{self.source} is too large", why, step)
        if self.compressed_bytes and size > max(RATIO_FLOOR_BYTES, self.max_ratio * self.compressed_bytes):
            why = f"it unpacks to more than {self.max_ratio:g} times its size, as archives made to do harm do"
            step = "If you trust it, raise MCP_RAG_MAX_COMPRESSION_RATIO, or unpack it first"
            raise OversizedLog(f"{self.source} is too large", why, step)


def decompress(stream: BinaryIO, head: bytes, kind: str, intake: Intake) -> tuple[str, ...]:
    """Unpack ``head`` and the rest of ``stream`` into ``intake``; the notes on it.

    Raises:
        UnreadableLog: nothing could be unpacked.
        OversizedLog: a ceiling was passed.
    """
    start, fault_types = _decoders(kind)
    decoder: Decoder | None = None
    members = 0
    try:
        for piece in _pieces(stream, head):
            intake.compressed_bytes += len(piece)
            rest = piece
            while rest := (rest.lstrip(b"\0") if members and decoder is None else rest):  # padding between members
                decoder = decoder or start()
                for out in _outputs(decoder, rest):
                    intake.take(out)
                rest = decoder.unused_data if decoder.eof else b""
                if decoder.eof:
                    decoder, members = None, members + 1
    except fault_types as fault:
        return (kind, _damage(intake, kind, f"damaged ({fault})", members))
    return (kind,) if decoder is None else (kind, _damage(intake, kind, "cut off before its end", members))


def _damage(intake: Intake, kind: str, what: str, members: int) -> str:
    if intake.size == 0:
        step = "Make or download it again"
        raise UnreadableLog(
            f"cannot unpack {intake.source}", f"the {kind} data is {what} and nothing could be read", step
        )
    where = f" after {members} whole part{'s' if members > 1 else ''}" if members else ""
    return f"truncated: the {kind} data is {what}{where}; the first {intake.size:,} bytes could be read"


def _pieces(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    while head:
        yield from (head[at : at + PIECE_BYTES] for at in range(0, len(head), PIECE_BYTES))
        head = stream.read(OUT_BYTES)


def _outputs(decoder: Decoder, piece: bytes) -> Iterator[bytes]:
    """What ``piece`` unpacks to, in bounded parts where the decoder can bound them."""
    if not hasattr(decoder, "needs_input"):
        yield decoder.decompress(piece)
        return
    bounded: Any = decoder
    yield bounded.decompress(piece, OUT_BYTES)
    while not (bounded.eof or bounded.needs_input):
        yield bounded.decompress(b"", OUT_BYTES)


def _decoders(kind: str) -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    """How to start a decoder of this kind, and what it raises on bad data."""
    if kind == "gzip":
        return partial(zlib.decompressobj, zlib.MAX_WBITS | 16), (zlib.error,)
    if kind == "bzip2":
        return bz2.BZ2Decompressor, (OSError, EOFError)
    if kind == "zstd":
        return _zstd_decoder()
    return lzma.LZMADecompressor, (lzma.LZMAError, EOFError)


def _zstd_decoder() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    module: Any
    if sys.version_info >= (3, 14):
        module = import_module("compression.zstd")
    else:
        module = import_module("zstandard")
        return lambda: module.ZstdDecompressor().decompressobj(), (module.ZstdError,)
    return module.ZstdDecompressor, (module.ZstdError, EOFError)
