"""Several processes on one embedded index, and what a kill at any moment leaves of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from index_writer import DIMENSION, ROWS, batch_of, vector_of

from mcp_rag.errors import IndexUnavailable
from mcp_rag.knowledge.index import IndexQuery
from mcp_rag.knowledge.milvus import MilvusConnection, MilvusIndex, locks

PROGRAM = Path(__file__).with_name("index_writer.py")


@contextmanager
def process(home: Path, what: str, name: str = "w", times: int = 1_000_000) -> Iterator[subprocess.Popen[str]]:
    """A writer or searcher that has opened the index."""
    command = [sys.executable, str(PROGRAM), str(home), what, name, str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            first = running.stdout.readline()
            assert first == "ready\n", running.stderr.read() if running.stderr else ""
            yield running
        finally:
            running.kill()


def acknowledged(running: subprocess.Popen[str]) -> list[int]:
    """The batches that it said were taken, until its end."""
    assert running.stdout is not None
    return [int(line.split()[0]) for line in running.stdout if line.endswith("\n")]


def opened(home: Path) -> MilvusIndex:
    return MilvusIndex(MilvusConnection(home=home), "crash", "m", DIMENSION)


def held_keys(index: MilvusIndex) -> Counter[str]:
    found = index.search([IndexQuery(dense=vector_of(0), limit=16_384, channels=("dense",))])[0]["dense"]
    assert len(found) == index.status().entries
    return Counter(hit.key for hit in found)


def engine_process(home: Path) -> int:
    return int((home / "index" / "engine.pid").read_text())


def is_running(process: int) -> bool:
    """Whether it lives; one that has ended but was not waited for, as in a container without an init, does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in {"", "Z"}


def assert_nothing_lost_or_doubled(index: MilvusIndex, name: str, batches: list[int]) -> None:
    keys = held_keys(index)
    assert not [key for key, times in keys.items() if times > 1]
    wanted = {entry.key for number in batches for entry in batch_of(name, number)}
    assert wanted <= keys.keys()


@pytest.mark.parametrize("victim", ["writer", "engine and writer"])
def test_kill_in_the_midst_of_writing_loses_nothing_acknowledged(tmp_path: Path, victim: str) -> None:
    for kill in range(8):
        with process(tmp_path, "write", f"w{kill}") as writer:
            assert writer.stdout is not None
            heard = [int(writer.stdout.readline()) for _ in range(1 + kill)]
            if victim != "writer":
                os.kill(engine_process(tmp_path), signal.SIGKILL)
            writer.kill()
            heard += acknowledged(writer)
        with opened(tmp_path) as index:
            assert_nothing_lost_or_doubled(index, f"w{kill}", heard)
            assert len(index.search([IndexQuery(tokens=f"w{kill}-0-7")])[0]["bm25"]) == 1
            index.upsert(batch_of(f"w{kill}", heard[-1]))
            assert_nothing_lost_or_doubled(index, f"w{kill}", heard)


@pytest.mark.parametrize("writers", [2, 4])
def test_writers_at_once_lose_and_double_nothing(tmp_path: Path, writers: int) -> None:
    """All write the same keys too: a key of every writer's is there once, with one writer's content."""
    batches = 6
    command = [sys.executable, str(PROGRAM), str(tmp_path), "write"]
    running = [
        subprocess.Popen([*command, name, str(batches)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for name in [*(f"w{number}" for number in range(writers - 1)), "w0"]
    ]
    for each in running:
        _, said = each.communicate()
        assert (each.returncode, said) == (0, "")
    with opened(tmp_path) as index:
        for number in range(writers - 1):
            assert_nothing_lost_or_doubled(index, f"w{number}", list(range(batches)))
        assert index.status().entries == (writers - 1) * ROWS * (batches + 1)


@pytest.mark.parametrize("victim", ["starter", "engine"])
def test_who_searches_goes_on_when_the_engine_or_its_starter_is_killed(tmp_path: Path, victim: str) -> None:
    with process(tmp_path, "write", "w") as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with process(tmp_path, "search", times=1_000_000) as searcher:
            assert searcher.stdout is not None
            searcher.stdout.readline()
            before = engine_process(tmp_path)
            os.kill(before if victim == "engine" else writer.pid, signal.SIGKILL)
            answers = [searcher.stdout.readline() for _ in range(50)]
            assert all(int(answer.split()[1]) >= 2 * ROWS for answer in answers)
            assert all(int(answer.split()[2]) >= ROWS for answer in answers)
            assert (engine_process(tmp_path) == before) == (victim == "starter")
            assert searcher.poll() is None


def test_no_engine_is_left_when_all_were_killed(tmp_path: Path) -> None:
    with process(tmp_path, "write", "one") as one, process(tmp_path, "search") as two:
        left = engine_process(tmp_path)
        one.kill()
        two.kill()
        one.wait()
        two.wait()
    while is_running(left):  # whoever comes before its end may still use it
        time.sleep(0.01)
    with opened(tmp_path) as index:
        index.status()
        assert engine_process(tmp_path) != left


def test_an_engine_that_answers_nobody_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_rag.knowledge.milvus.engine.SILENT_ENGINE_SECONDS", 0.2)
    with opened(tmp_path) as index:
        index.upsert(batch_of("w", 0))
    with process(tmp_path, "search") as searcher:
        before = engine_process(tmp_path)
        Path(json.loads((tmp_path / "index" / "engine.json").read_text())["socket"]).unlink()
        told: list[str] = []
        with MilvusIndex(MilvusConnection(home=tmp_path), "crash", "m", DIMENSION, notify=told.append) as index:
            assert index.status().entries == 2 * ROWS
        assert any(str(before) in line for line in told)
        assert searcher.stdout is not None
        assert [searcher.stdout.readline() for _ in range(500)][-1]


def test_who_waits_for_another_process_says_so_and_then_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TELL_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.2)
    told: list[str] = []
    with opened(tmp_path) as index:
        index.status()
    with (
        locks.held(tmp_path / "index" / "write.lock", told.append),
        MilvusIndex(MilvusConnection(home=tmp_path), "crash", "m", DIMENSION, notify=told.append) as index,
        pytest.raises(IndexUnavailable, match=f"process {os.getpid()}"),
    ):
        index.upsert(batch_of("w", 0))
    assert told == [f"waiting for the index, held by process {os.getpid()}"]


def test_a_forked_child_opens_an_engine_share_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.upsert(batch_of("w", 0))
        program = f"""
import os, sys
sys.path.insert(0, {str(PROGRAM.parent)!r})
from test_index_crash import opened
from pathlib import Path
home = Path({str(tmp_path)!r})
index = opened(home)
assert index.status().entries == {2 * ROWS}
child = os.fork()
entries = index.status().entries
index.close()
if child == 0:
    os._exit(0 if entries == {2 * ROWS} else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
        assert index.status().entries == 2 * ROWS
