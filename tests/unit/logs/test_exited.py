"""The exit code of a log's run, where it is known."""

from __future__ import annotations

import gzip
from itertools import product
from pathlib import Path

import pytest

from mcp_rag.logs import log as log_module
from mcp_rag.logs import reading, storage
from mcp_rag.logs.exited import as_a_shell_has_it, exit_code_in, with_exit_code
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import FileSource, MemorySource
from mcp_rag.logs.storage import FileBytes

CALM = "reading the ledger\nledger read\n"
COVERED = "=== 12 passed in 3s ===\nFAIL Required test coverage of 90% not reached. Total coverage: 71.2%\n"
FAILED = 'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in go\n    pay()\nOwls: the till is shut\n'


def read(text: str | bytes, exited: int | None) -> Log:
    data = text if isinstance(text, bytes) else text.encode()
    return read_log(MemorySource("it", data), max_bytes=1_000_000, max_ratio=100, exited=exited)


@pytest.mark.parametrize("text", ["", "one", "one\n", "one\r\n\n"])
def test_the_code_stands_below_the_log_and_moves_no_line(text: str) -> None:
    told, plain = read(text, 3), read(text, None)
    assert list(told.texts) == [*plain.texts, "Process completed with exit code 3."]


def test_it_stands_below_what_was_compressed() -> None:
    assert read(gzip.compress(b"one\ntwo"), 1).texts[-2:] == ["two", "Process completed with exit code 1."]


def test_it_stands_below_a_log_that_stays_in_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (storage, log_module, reading):
        monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(log_module, "SMALL_BYTES", 0)
    (tmp_path / "log").write_text("line\n" * 300)
    log = read_log(FileSource(tmp_path / "log"), max_bytes=10_000, max_ratio=100, exited=9)
    assert isinstance(log.data, FileBytes)
    assert [log.line(300), log.line(301), len(log)] == ["line", "Process completed with exit code 9.", 301]


def test_bytes_of_a_file_and_what_stands_behind_them_slice_as_bytes_do(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"abcdef")
    with (tmp_path / "log").open("rb") as file:
        both, whole = FileBytes(file, 6, b"XYZ"), b"abcdefXYZ"
    places = (None, *range(-11, 12))
    assert all(both[start:stop] == whole[start:stop] for start, stop in product(places, places))
    assert (len(both), both.startswith(b"abc"), both.endswith(b"fXYZ"), both.endswith(b"f")) == (9, True, True, False)


@pytest.mark.parametrize(
    ("given", "shown"),
    [(0, 0), (1, 1), (255, 255), (-9, 137), (-64, 192), (-1073741819, 3221225477), (3221225477, 3221225477)],
)
def test_negative_codes_are_signals_or_those_of_windows(given: int, shown: int) -> None:
    assert as_a_shell_has_it(given) == shown
    assert with_exit_code(b"", given) == b"Process completed with exit code %d.\n" % shown


def test_what_the_log_itself_does_not_hold_is_noted() -> None:
    assert read(CALM, -9).notes == ("exit code 137, as told, put below it",)
    assert read(CALM, None).notes == ()


@pytest.mark.parametrize("text", ["", "one", "1.5", "1_000", "٣", "１", "0x1", "1\n2", "4294967296", "9" * 5_000])
def test_what_a_person_wrote_is_an_exit_code_or_refused(text: str) -> None:
    assert [exit_code_in(good) for good in (" 3 ", "+3", "-9", "00")] == [3, 3, -9, 0]
    with pytest.raises(ValueError, match=r"."):
        exit_code_in(text)


@pytest.mark.parametrize("text", [CALM, CALM + "all checks passed\n", "=== 12 passed in 3s ===\n", ""])
def test_a_run_that_failed_is_never_clean(text: str) -> None:
    assert not text or not find_failures(read(text, None))
    assert find_failures(read(text, 1))


@pytest.mark.parametrize("text", [FAILED, COVERED, f"{CALM}npm ERR! code 1\n", "make: *** [Makefile:3: all] Error 2\n"])
def test_a_run_that_passed_is_clean(text: str) -> None:
    assert find_failures(read(text, None))
    assert find_failures(read(text, 0)) == []


def test_what_failed_goes_before_the_code() -> None:
    best = find_failures(read(FAILED + CALM, 1))[0]
    assert best.key == 4
