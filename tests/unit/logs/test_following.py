"""A log that grows, is rotated and is truncated under its reader."""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcp_rag.errors import UnreadableLog
from mcp_rag.logs import following
from mcp_rag.logs.following import FollowedFile, FollowedStream, Part

Follow = Callable[..., FollowedFile]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\nthr")
    return path


@pytest.fixture
def follow() -> Iterator[Follow]:
    with contextlib.ExitStack() as opened:

        def open_(path: Path, *, from_start: bool = False) -> FollowedFile:
            followed = FollowedFile(str(path), from_start=from_start)
            opened.callback(followed.close)
            return followed

        yield open_


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as stream:
        stream.write(data)


def test_only_what_is_new_is_told_in_whole_lines_with_their_numbers(log: Path, follow: Follow) -> None:
    followed = follow(log)
    assert followed.poll(0) is None
    append(log, b"ee\nfour\nfi")
    assert followed.poll(0) == Part(3, b"three\nfour\n")
    assert followed.rest() == Part(5, b"fi")
    assert followed.rest() is None


def test_from_the_start_all_is_new(log: Path, follow: Follow) -> None:
    assert follow(log, from_start=True).poll(0) == Part(1, b"one\ntwo\n")


def test_a_rotated_log_is_read_to_its_end_before_its_successor(log: Path, follow: Follow) -> None:
    followed = follow(log)
    assert followed.poll(0) is None
    append(log, b"ee\nlast wor")
    log.rename(log.with_suffix(".1"))
    assert followed.poll(0) == Part(3, b"three\n")
    assert followed.poll(0) is None  # no successor yet
    append(log.with_suffix(".1"), b"ds")
    log.write_bytes(b"anew\n")
    assert followed.poll(0) is None  # the rest of the old one has no end of line
    assert followed.poll(0) == Part(4, b"last words")
    assert followed.poll(0) == Part(1, b"anew\n", "rotated")
    assert followed.poll(0) is None


def test_what_is_written_just_before_a_rotation_is_not_lost(log: Path, follow: Follow) -> None:
    followed = follow(log)
    look_for_successor = followed._successor

    def rotated_meanwhile() -> object:
        if not log.with_suffix(".1").exists():
            append(log, b"last of the old\n")
            log.rename(log.with_suffix(".1"))
            log.write_bytes(b"first of the new\n")
        return look_for_successor()

    append(log, b"ee\n")
    assert followed.poll(0) == Part(3, b"three\n")
    followed._successor = rotated_meanwhile  # type: ignore[method-assign, assignment]
    parts = [followed.poll(0), followed.poll(0)]
    assert [part.data for part in parts if part] == [b"last of the old\n", b"first of the new\n"]
    assert parts[1] is not None
    assert parts[1].event == "rotated"


@pytest.mark.parametrize("anew", [b"x\n", b"a longer text than the one that stood there before\n"])
def test_a_truncated_log_begins_anew(log: Path, follow: Follow, anew: bytes) -> None:
    followed = follow(log, from_start=True)
    assert followed.poll(0) == Part(1, b"one\ntwo\n")
    inode = log.stat().st_ino
    with log.open("r+b") as stream:
        stream.truncate(0)
        stream.write(anew)
    assert log.stat().st_ino == inode
    assert followed.poll(0) == Part(3, b"thr")
    assert followed.poll(0) == Part(1, anew, "truncated")


def test_a_line_without_end_stays_bounded_and_keeps_its_number(
    log: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LONGEST_LINE_BYTES", 10)
    log.write_bytes(b"")
    followed = follow(log)
    for _ in range(5):
        append(log, b"x" * 100)
        assert followed.poll(0) is None
    append(log, b"\nnext\n")
    assert followed.poll(0) == Part(1, b"x" * 10 + b"\nnext\n")
    append(log, b"third\n")
    assert followed.poll(0) == Part(3, b"third\n")


def test_a_stream_is_new_to_its_end() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream:
        followed = FollowedStream("-", stream)
        assert followed.poll(0) is None
        os.write(writer, b"one\ntw")
        assert followed.poll(0) == Part(1, b"one\n")
        os.close(writer)
        assert followed.poll(0) is None
        assert followed.finished
        assert followed.rest() == Part(2, b"tw")


@pytest.mark.parametrize(
    ("data", "why"), [(gzip.compress(b"text\n", mtime=0), "gzip data"), ("text\n".encode("utf-16"), "UTF-16")]
)
def test_what_cannot_be_cut_into_lines_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "log").write_bytes(data)
    with pytest.raises(UnreadableLog, match=why):
        FollowedFile(str(tmp_path / "log"))


def test_a_missing_log_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match="there is no such file"):
        FollowedFile(str(tmp_path / "nowhere.log"))
