from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_rag.errors import OversizedLog, UnreadableLog
from mcp_rag.logs import log as log_module
from mcp_rag.logs import reading, scanning, storage
from mcp_rag.logs.cleaning import clean_text, shorten
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import FileSource, MemorySource, StreamSource
from mcp_rag.logs.storage import FileBytes


def _zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.compress(data)
    import zstandard

    return zstandard.ZstdCompressor().compress(data)


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zstd": _zstd,
}


def _read(data: bytes, max_bytes: int = 100_000_000, max_ratio: float = 100) -> Log:
    return read_log(MemorySource("it", data), max_bytes=max_bytes, max_ratio=max_ratio)


def _lines_without_pattern(count: int) -> bytes:
    chance = random.Random(7)
    return b"".join(b"line %d: %x\n" % (n, chance.getrandbits(400)) for n in range(count))


# --- lines and their numbers


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\x0bb\x0cc\xc2\x85d\xe2\x80\xa8e\n", ["abcd\u2028e"]),
        (b"\x1c\n\x1d\n\x1e", ["", "", ""]),
    ],
)
def test_lines_end_at_newline_alone(data: bytes, texts: list[str]) -> None:
    log = _read(data)
    assert log.texts == texts
    assert len(log) == len(texts)


def test_lines_are_numbered_from_one() -> None:
    log = _read(b"one\x1b[0m\ntwo\nthree")
    assert [log.line(1), log.line(3), log.raw(1)] == ["one", "three", "one\x1b[0m"]
    assert list(log.lines()) == [(1, "one"), (2, "two"), (3, "three")]
    assert list(log.lines(2, 2)) == [(2, "two")]
    assert list(log.lines(-4, 99)) == list(log.lines())
    assert list(log.lines(3, 2)) == []
    for n in (0, 4, -1):
        with pytest.raises(IndexError):
            log.line(n)
        with pytest.raises(IndexError):
            log.raw(n)


@pytest.mark.parametrize("group_bytes", [1, 25, 10**9])
def test_a_large_log_reads_as_a_small_one(group_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"plain\n\x1b[31mred\x1b[0m\r\n2024-01-01T00:00:00.1234567Z stamped\r\nold\rnew\n\n" * 40 + b"\xffend"
    small = _read(data)
    assert isinstance(small.texts, list)
    raw, some = [small.raw(n + 1) for n in range(len(small))], list(small.lines(17, 60))
    for name, size in (
        ("IN_MEMORY_BYTES", 0),
        ("SMALL_BYTES", 0),
        ("BLOCK_BYTES", 64),
        ("GROUP_BYTES", group_bytes),
    ):
        monkeypatch.setattr(log_module, name, size)
    large = _read(data)
    assert not isinstance(large.texts, list)
    assert list(large.texts) == small.texts
    assert len(large.texts) == len(small)
    assert [large.raw(n + 1) for n in range(len(small))] == raw
    assert [large.line(n) for n in range(1, len(large) + 1)] == small.texts
    assert list(large.lines(17, 60)) == some
    assert [large.texts[-1], large.texts[3:9], large.texts[9:3:-2]] == [
        small.texts[-1],
        small.texts[3:9],
        small.texts[9:3:-2],
    ]


def _stored(path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> Log:
    """A log that is read from its file as a large one is, in pieces of a few lines."""
    path.write_bytes(data)
    for module in (storage, log_module, reading):
        monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    for module, name, size in ((storage, "PIECE_BYTES", 100), (log_module, "SMALL_BYTES", 0)):
        monkeypatch.setattr(module, name, size)
    return read_log(FileSource(path), max_bytes=10_000_000, max_ratio=100)


@pytest.mark.parametrize(
    "data",
    [
        b"plain\n\x1b[31mred\x1b[0m\r\n\n" * 200 + b"\xffend\0\n",
        ("错误：找不到文件\n" * 60).encode("gb18030"),
        "café\nthé\n".encode("utf-16") * 1 + "naïve\n".encode("utf-16-le") * 90,
        b"x" * 1000 + b"\nshort\n",
        gzip.compress(b"one\ntwo\n" * 500, mtime=0),
    ],
)
def test_a_log_in_a_file_reads_as_one_in_memory(tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    small = _read(data)
    told = [small.line(n + 1) for n in range(len(small))], small.notes, [small.raw(n + 1) for n in range(len(small))]
    large = _stored(tmp_path / "log", data, monkeypatch)
    assert isinstance(large.data, FileBytes)
    assert (list(large.texts), large.notes, [large.raw(n + 1) for n in range(len(large))]) == told


def test_a_file_that_is_cut_meanwhile_keeps_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _stored(tmp_path / "log", b"line\n" * 300, monkeypatch)
    assert len(log) == 300
    (tmp_path / "log").write_bytes(b"new\n")
    assert len(log.texts[:]) == 300
    assert (log.line(1), log.line(300)) == ("new", "")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("hyperscan", [True, False])
def test_failures_are_found_alike_in_a_file_and_in_memory(
    tmp_path: Path, line_end: bytes, hyperscan: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hyperscan:
        monkeypatch.setattr("mcp_rag.logs.searching.find_spec", lambda _: None)
    scanning._announcer.cache_clear()
    data = (
        b"ok\n" * 500
        + b"\x1b[31mmain.c:3:7: error: 'x' undeclared\x1b[0m\n"
        + b"fine\n" * 300
        + b"make: *** [all] Error 1\n"
    ).replace(b"\n", line_end)
    small = find_failures(_read(data))
    assert small[0].first == 501
    monkeypatch.setattr(log_module, "BLOCK_BYTES", 500)
    monkeypatch.setattr(log_module, "GROUP_BYTES", 50)
    steps: list[tuple[int, int]] = []
    large = _stored(tmp_path / "log", data, monkeypatch)
    assert find_failures(large, progress=lambda done, total: steps.append((done, total))) == small
    assert steps == sorted(steps)
    assert {total for _, total in steps} == {802}


# --- cleaning


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ("\x1b[1;31merror\x1b[0m: bad\x1b[K", "error: bad"),
        ("\x1b[38;2;255;0;10mtrue colour\x1b[m", "true colour"),
        ("broken \x1b[31", "broken "),
        ("lone \x1b", "lone "),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1b]0;a title that never ends", "a title that never ends"),
        ("\x1b_bk;t=1700000000000\x07built", "built"),
        ("\x1b(B\x1b[mreset", "reset"),
        ("\x9b31mred in eight bits\x9b0m", "red in eight bits"),
        (" 10%\r 50%\r100% done", "100% done"),
        (" 10%\r100% done\r", "100% done"),
        ("working\r       \r", "working"),
        ("b\bbo\bol\bld\bd", "bold"),
        ("|\b/\b-\bdone", "done"),
        ("nul\0 bell\x07 tab\tdel\x7f", "nul bell tab\tdel"),
        ("\ufefffirst", "first"),
        ("2024-01-01T00:00:00.1234567Z ##[error]Process completed", "##[error]Process completed"),
        ("\ufeff2024-01-01T00:00:00.1234567Z ##[group]Run tests", "##[group]Run tests"),
        ("build\tRun tests\t2024-01-01T00:00:00.1234567Z boom", "boom"),
        ("2024-01-01T00:00:00.123456Z 01E boom", "boom"),
        ("2024-01-01T00:00:00.123456789Z from docker", "2024-01-01T00:00:00.123456789Z from docker"),
        ("2024-01-01T00:00:00Z plain", "2024-01-01T00:00:00Z plain"),
        ("travis_fold:start:git.checkout\r\x1b[0Ktravis_time:start:0a1b\r\x1b[0K$ git clone", "$ git clone"),
        ("travis_time:end:0a1b:start=1,finish=2,duration=1\r\x1b[0K", ""),
        ("section_end:1700000000:build\r\x1b[0K", ""),
        ("::error file=a.py,line=1::boom", "::error file=a.py,line=1::boom"),
    ],
)
def test_a_line_is_shown_as_a_terminal_would(line: str, cleaned: str) -> None:
    assert clean_text(line) == cleaned
    assert _read(line.encode() + b"\n").line(1) == cleaned


def test_line_of_a_megabyte_is_kept_whole() -> None:
    for part in (b"x", b"\x1b[", b"\x1b]0;", b"\r", b"a\b", b"\x1b", b"a\t", b"travis_fold:start:", b"2024-01-01T"):
        log = _read(b"before\n" + part * (1_000_000 // len(part)) + b"\nafter\n")
        assert [len(log), log.line(1), log.line(3)] == [3, "before", "after"]
    assert len(_read(b"x" * 1_000_000).line(1)) == 1_000_000


def test_a_long_text_is_cut_in_its_middle() -> None:
    assert shorten("short") == "short"
    assert shorten("a" * 300 + "b" * 300, 11) == "aaaa … bbbb"
    assert len(shorten("x" * 1000)) == 400


# --- JSON lines


def test_docker_lines_become_their_messages() -> None:
    rows = [{"log": "\x1b[31mboom\x1b[0m\n", "stream": "stderr", "time": "t"}, {"log": "\n"}, {"log": "a\nb\n"}]
    log = _read(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    assert log.texts == ["boom", "", "a ⏎ b"]
    assert "JSON lines" in log.notes


def test_journald_lines_carry_their_priority() -> None:
    rows = [{"MESSAGE": "down", "PRIORITY": "3"}, {"MESSAGE": [104, 105, 255], "PRIORITY": "6"}, {"MESSAGE": None}]
    log = _read(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    assert log.texts == ["ERROR down", "INFO hi�", '{"MESSAGE": null}']


def test_structured_loggers_carry_level_and_trace() -> None:
    rows = [
        {"level": "error", "msg": "failed", "error": "EOF"},
        {"level": 50, "msg": "pino", "err": {"stack": "Error: x\n    at y"}},
        {"levelname": "INFO", "message": "info: started", "exc_info": None},
        {"log": json.dumps({"severity": "warning", "message": "inside docker"}) + "\n", "stream": "stdout"},
    ]
    log = _read(b"".join(json.dumps(row).encode() + b"\n" for row in rows) + b"Traceback (plain)\n")
    assert log.texts == [
        "ERROR failed ⏎ EOF",
        "ERROR pino ⏎ Error: x ⏎     at y",
        "info: started",
        "WARNING inside docker",
        "Traceback (plain)",
    ]


def test_a_json_line_in_an_ordinary_log_is_left_alone() -> None:
    line = '{"level": "error", "msg": "not the log\'s style"}'
    assert _read(f"one\ntwo\n{line}\n".encode()).line(3) == line


def test_hostile_json_lines_are_left_alone() -> None:
    good = b'{"msg": "fine"}\n' * 9
    for bad in (b"{" * 100_000, b'{"msg": ' + b"[" * 100_000, b'{"msg": ' + b"9" * 5000 + b"}", b'{"msg": "cut'):
        log = _read(good + bad + b"\n")
        assert [len(log), log.line(9), log.line(10)] == [10, "fine", bad.decode()]


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_are_recognised(encoding: str) -> None:
    text = "error: something failed\nsecond line – with a dash\n"
    log = _read(text.encode(encoding))
    assert log.texts == text.splitlines()
    assert log.data.decode() == text or encoding == "utf-8-sig"


def test_broken_utf8_is_counted() -> None:
    log = _read("fine é\n".encode() + b"caf\xe9\n\xff\xfe\nfine\n")
    assert log.texts == ["fine é", "caf�", "��", "fine"]
    assert log.notes == ("broken UTF-8 in 2 lines",)


def test_nul_bytes_are_noted() -> None:
    log = _read(b"\0" * 5000 + b"first line after a cut\n")
    assert log.texts == ["first line after a cut"]
    assert log.notes == ("NUL bytes",)


# --- compression


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_compressed_logs_are_unpacked(kind: str) -> None:
    data = _lines_without_pattern(2000)
    log = _read(COMPRESSORS[kind](data))
    assert log.data == data
    assert log.notes == (kind,)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_several_members_are_one_log(kind: str) -> None:
    pack = COMPRESSORS[kind]
    assert _read(pack(b"one\n") + pack(b"two\n")).texts == ["one", "two"]


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_cut_archive_gives_what_can_be_read(kind: str) -> None:
    data = _lines_without_pattern(30_000 if kind == "bzip2" else 5_000)
    packed = COMPRESSORS[kind](data)
    log = _read(packed[: len(packed) * 3 // 4])
    assert len(log.data) > len(data) // 4
    assert data.startswith(log.data)
    assert "truncated" in log.notes[1]


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])  # the old lzma format has no check
def test_an_archive_damaged_at_its_start_is_refused(kind: str) -> None:
    packed = COMPRESSORS[kind](_lines_without_pattern(100))
    with pytest.raises(UnreadableLog, match="cannot unpack it"):
        _read(packed[:14] + bytes(200))


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_bomb_is_defused(kind: str) -> None:
    packed = COMPRESSORS[kind](bytes(60_000_000))
    with pytest.raises(OversizedLog, match="MCP_RAG_MAX_COMPRESSION_RATIO"):
        _read(packed, max_bytes=10**12)
    with pytest.raises(OversizedLog, match="MCP_RAG_MAX_LOG_BYTES"):
        _read(packed, max_bytes=2_000_000, max_ratio=10**9)


def test_a_small_repetitive_log_is_no_bomb() -> None:
    assert len(_read(lzma.compress(b"ok\n" * 100_000))) == 100_000


def test_the_ceiling_holds_for_plain_logs_and_streams() -> None:
    assert len(_read(b"x" * 10, max_bytes=10).data) == 10
    with pytest.raises(OversizedLog):
        _read(b"x" * 11, max_bytes=10)
    with pytest.raises(OversizedLog):
        read_log(FileSource(__file__), max_bytes=10, max_ratio=100)
    with pytest.raises(OversizedLog):
        read_log(StreamSource("-", io.BytesIO(b"x" * 11)), max_bytes=10, max_ratio=100)


def test_twice_compressed_is_told_so() -> None:
    with pytest.raises(UnreadableLog, match="inside the gzip data is gzip data"):
        _read(gzip.compress(gzip.compress(b"x")))


# --- what is no log


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.log"))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.log", "x")
    return buffer.getvalue()


@pytest.mark.parametrize("data", [_tar(), gzip.compress(_tar()), _zip()], ids=["tar", "tar.gz", "zip"])
def test_archives_of_files_are_to_be_unpacked(data: bytes) -> None:
    with pytest.raises(UnreadableLog, match="Unpack it"):
        _read(data)


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x02\x01\x01", b"\x89PNG\r\n\x1a\n", random.Random(3).randbytes(5000)],
    ids=["elf", "png", "noise"],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableLog):
        _read(data)


def test_legacy_chinese_is_transcoded() -> None:
    text = "错误:找不到文件\nmake: 编译失败\n"
    log = _read(text.encode("gb18030") * 50)
    assert log.texts == text.splitlines() * 50
    assert log.notes == ("GB18030",)


@pytest.mark.parametrize("text", ["où est passé l'été ?\n", "größer für Mädchen\n"])
def test_latin_text_is_not_taken_for_chinese(text: str) -> None:
    log = _read(text.encode("latin-1") * 50)
    assert log.data == text.encode("latin-1") * 50


def test_a_few_broken_lines_do_not_change_the_encoding() -> None:
    log = _read("错误:找不到文件\n".encode() * 50 + "错误\n".encode("gb18030"))
    assert log.line(1) == "错误:找不到文件"
    assert log.notes == ("broken UTF-8 in 1 line",)


def test_notes_name_no_line_when_nothing_is_odd() -> None:
    assert _read("all fine – really\n".encode()).notes == ()
