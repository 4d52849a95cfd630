"""One suite for everything that gives a log's bytes: the twin in memory, a file, and a stream."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from mcp_rag.errors import UnreadableLog
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import FileSource, MemorySource, StreamSource

Make = Callable[[bytes], LogSource]
CONTENTS = [b"", b"\n", b"one\ntwo", b"\x1f\x8bnot unpacked here\0\xff", b"x" * 300_000]


def _in_memory(_folder: Path, _stack: ExitStack) -> Make:
    return lambda data: MemorySource("some name", data)


def _as_file(folder: Path, _stack: ExitStack) -> Make:
    def make(data: bytes) -> LogSource:
        (folder / "some name").write_bytes(data)
        return FileSource(str(folder / "some name"))

    return make


def _as_buffer(_folder: Path, _stack: ExitStack) -> Make:
    return lambda data: StreamSource("some name", io.BytesIO(data))


def _as_pipe(_folder: Path, stack: ExitStack) -> Make:
    def make(data: bytes) -> LogSource:
        reader, writer = os.pipe()

        def write() -> None:
            with suppress(BrokenPipeError), os.fdopen(writer, "wb") as sink:
                sink.write(data)

        thread = threading.Thread(target=write)
        thread.start()
        stack.callback(thread.join)
        return StreamSource("some name", stack.enter_context(os.fdopen(reader, "rb")))

    return make


@pytest.fixture(params=[_in_memory, _as_file, _as_buffer, _as_pipe])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield request.param(tmp_path, stack)


@pytest.mark.parametrize("data", CONTENTS, ids=len)
def test_the_bytes_come_back_unchanged(make: Make, data: bytes) -> None:
    source = make(data)
    with source.open() as stream:
        assert stream.read() == data


def test_the_bytes_come_in_parts_of_the_size_asked_for(make: Make) -> None:
    with make(b"abcdefgh").open() as stream:
        assert [stream.read(3), stream.read(3), stream.read(3), stream.read(3)] == [b"abc", b"def", b"gh", b""]


def test_the_name_is_there_before_and_after_reading(make: Make) -> None:
    source = make(b"x")
    before = source.name
    source.open().close()
    assert source.name == before
    assert before.endswith("some name")


def test_a_second_reading_starts_over_or_is_refused(make: Make) -> None:
    source = make(b"whole")
    with source.open() as stream:
        stream.read(2)
    try:
        with source.open() as stream:
            assert stream.read() == b"whole"
    except UnreadableLog as refusal:
        assert "once" in refusal.why


def test_a_borrowed_stream_stays_open() -> None:
    stream = io.BytesIO(b"one")
    StreamSource("-", stream).open().close()
    assert not stream.closed


@pytest.mark.parametrize("name", ["./a.log", "a/../a.log", "a.log"])
def test_a_file_keeps_the_name_that_was_given(name: str) -> None:
    assert FileSource(name).name == name


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match="no such file"):
        FileSource(tmp_path / "missing.log").open()


def test_a_directory_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match="is a directory"):
        FileSource(tmp_path).open()


def test_an_impossible_path_is_told_so() -> None:
    with pytest.raises(UnreadableLog):
        FileSource("a\0b").open()
    with pytest.raises(UnreadableLog):
        FileSource("a" * 5000).open()


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in the file system")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableLog, match="named pipe"):
        FileSource(tmp_path / "pipe").open()


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="no /dev/fd")
def test_a_pipe_that_a_shell_hands_over_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a command\n")
    os.close(writer)
    try:
        with FileSource(f"/dev/fd/{reader}").open() as stream:
            assert stream.read() == b"from a command\n"
    finally:
        os.close(reader)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_an_endless_device_is_refused() -> None:
    with pytest.raises(UnreadableLog, match="device"):
        FileSource("/dev/zero").open()


def test_a_file_without_permission_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "private.log"
    path.write_bytes(b"x")
    path.chmod(0)
    try:
        FileSource(path).open().close()
    except UnreadableLog as refusal:
        assert "permission" in refusal.why
