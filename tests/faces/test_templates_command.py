"""`mcp-rag templates` over files that grow, and over many of them at once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcp_rag.faces.cli import cli

STARTED = "worker {} started in {} s\n"


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("MCP_RAG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["templates", *arguments])


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(row) for row in result.stdout.splitlines()]


def test_a_file_that_grew_is_counted_from_where_it_was_left(tmp_path: Path, call: Callable[..., Result]) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(STARTED.format(n, n * 2) for n in range(3)))
    first = rows(call("--json", "--state", "s.json", "app.log"))
    assert [(row["count"], row["total"], row["lines"]) for row in first] == [(3, 3, [1, 2, 3])]
    assert rows(call("--json", "--state", "s.json", "app.log")) == []
    with log.open("a") as file:
        file.write(STARTED.format(7, 8) + "stopped\n")
    grown = rows(call("--json", "--state", "s.json", str(log)))
    assert [(row["count"], row["total"], row["lines"]) for row in grown] == [(1, 4, [4]), (1, 1, [5])]
    assert grown[0]["id"] == first[0]["id"]


@pytest.mark.parametrize(
    "now", ["other\n" + STARTED.format(1, 2) * 3, STARTED.format(1, 2)], ids=["rotated", "truncated"]
)
def test_another_file_at_the_same_place_is_counted_whole(tmp_path: Path, now: str, call: Callable[..., Result]) -> None:
    log = tmp_path / "app.log"
    log.write_text(STARTED.format(1, 2) * 3)
    rows(call("--json", "--state", "s.json", "app.log"))
    log.write_text(now)
    again = rows(call("--json", "--state", "s.json", "app.log"))
    assert sum(row["count"] for row in again) == now.count("\n")


def test_a_last_line_without_an_end_is_counted_once(tmp_path: Path, call: Callable[..., Result]) -> None:
    log = tmp_path / "app.log"
    log.write_text("one\ntwo")
    assert sum(row["count"] for row in rows(call("--json", "--state", "s.json", "app.log"))) == 2
    log.write_text("one\ntwo and more\nthree\n")
    assert [row["template"] for row in rows(call("--json", "--state", "s.json", "app.log"))] == ["three"]


def test_a_compressed_file_grows_too(tmp_path: Path, call: Callable[..., Result]) -> None:
    log = tmp_path / "app.log.gz"
    log.write_bytes(gzip.compress(b"one\n"))
    rows(call("--json", "--state", "s.json", "app.log.gz"))
    log.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert [row["template"] for row in rows(call("--json", "--state", "s.json", "app.log.gz"))] == ["two"]


def test_a_state_of_the_first_version_is_read(tmp_path: Path, call: Callable[..., Result]) -> None:
    (tmp_path / "app.log").write_text("one\n")
    rows(call("--json", "--state", "s.json", "app.log"))
    state = json.loads((tmp_path / "s.json").read_text())
    del state["files"]
    (tmp_path / "s.json").write_text(json.dumps({**state, "version": 1}))
    assert rows(call("--json", "--state", "s.json", "app.log"))[0]["total"] == 2


def test_many_at_a_time_answer_as_one_by_one(tmp_path: Path, call: Callable[..., Result]) -> None:
    names = [f"{n}.log" for n in range(4)]
    for n, name in enumerate(names):
        (tmp_path / name).write_text("".join(STARTED.format(n, m) for m in range(n + 1)) + "password=hunter2hunter2\n")
    names.insert(2, "missing.log")
    alone, together = call("--json", *names), call("--json", "--jobs", "3", *names)
    assert rows(together) == rows(alone)
    assert together.stdout == alone.stdout
    assert "no such file" in together.stdout
    assert "hunter2" not in together.stdout


def test_jobs_and_state_exclude_each_other(call: Callable[..., Result]) -> None:
    refused = call("--jobs", "2", "--state", "s.json", "app.log")
    assert refused.exit_code == 2
    assert "leave one out" in refused.output
