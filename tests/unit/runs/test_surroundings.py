"""What a run is remembered by, and what differs between two."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcp_rag.knowledge.lock_files import versions_from_file
from mcp_rag.records import Excerpt, Frame, Incident, Span
from mcp_rag.runs import history
from mcp_rag.runs.changes import Change, find_changes
from mcp_rag.runs.history import Run, RunHistory
from mcp_rag.runs.interpreters import packages_of, python_of
from mcp_rag.runs.repository import changed_files, read_state
from mcp_rag.runs.surroundings import LockFile, Surroundings, observe
from mcp_rag.runs.variables import chosen
from mcp_rag.runs.wording import as_fix

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def git(folder: Path, *arguments: str) -> None:
    call = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    subprocess.run(call, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "a.py").write_text("1\n")
    (folder / "sub" / "naïve name.py").write_text("1\n")
    (folder / "uv.lock").write_text('[[package]]\nname = "numpy"\nversion = "1.26.4"\n')
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "First")
    return folder


def seen(folder: Path) -> Surroundings:
    return observe(["true"], folder, {}, versions_from_file, lambda text: text)


def test_a_file_counts_as_changed_by_its_content_not_by_being_committed(repository: Path) -> None:
    (repository / "a.py").write_text("2\n")
    (repository / "new.py").write_text("3\n")
    before = read_state(repository)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "Second")
    (repository / "sub" / "naïve name.py").write_text("changed\n")
    after = read_state(repository)
    assert before is not None
    assert after is not None
    assert before.commit != after.commit
    assert changed_files(before, after) == ["sub/naïve name.py"]


def test_a_deleted_file_and_a_lost_commit(repository: Path) -> None:
    before = read_state(repository)
    (repository / "a.py").unlink()
    after = read_state(repository)
    assert before is not None
    assert after is not None
    assert changed_files(before, after) == ["a.py"]
    lost = type(before)(before.root, "0" * 40, "", {})
    assert changed_files(lost, after) is None


def test_no_repository_and_an_empty_one(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    git(tmp_path, "init", "-q")
    state = read_state(tmp_path)
    assert state is not None
    assert state.commit == ""


def test_a_lock_file_above_the_folder_is_seen_and_its_versions_differ(repository: Path) -> None:
    before = seen(repository / "sub")
    assert before.locks["uv.lock"].versions == {"numpy": "1.26.4"}
    (repository / "uv.lock").write_text('[[package]]\nname = "numpy"\nversion = "2.4.0"\n')
    (repository / "go.sum").write_text("x\n")
    found = find_changes(before, seen(repository / "sub"))
    assert Change("package", "numpy", "1.26.4", "2.4.0", "uv.lock") in found
    assert [change.name for change in found if change.kind == "lock"] == ["go.sum"]
    assert not [change for change in found if change.kind == "file"]


def test_what_is_installed_and_pinned_is_told_once() -> None:
    before, after = ({"x": "1", "same": "1"}, {"x": "2", "same": "1"})
    found = find_changes(
        Surroundings("/f", packages=before, locks={"uv.lock": LockFile("a", before)}),
        Surroundings("/f", packages=after, locks={"uv.lock": LockFile("b", after)}),
    )
    assert found == (Change("package", "x", "1", "2", "installed, uv.lock"),)


def test_a_package_that_the_message_names_goes_first() -> None:
    incident = Incident(
        "f", Span(1, 1, 1.0, ""), "m", "m",
        frames=(Frame("/v/lib/python3.11/site-packages/zlib_ng/core.py", 4, "f"),),
        excerpt=(Excerpt(1, "AttributeError: module 'numpy' has no attribute 'float'"),),
    )  # fmt: skip
    before = Surroundings("/f", packages={"aa": "1", "numpy": "1", "zlib-ng": "1"})
    after = Surroundings("/f", packages={"aa": "2", "numpy": "2", "zlib-ng": "2"})
    found = find_changes(before, after, incident)
    assert [(c.name, bool(c.suspect)) for c in found] == [("numpy", True), ("zlib-ng", True), ("aa", False)]


def test_a_fix_says_what_to_do() -> None:
    changes = (
        Change("package", "numpy", "2.4.0", "1.26.4", "installed"),
        Change("package", "extra", "1", None, "uv.lock"),
        Change("variable", "CC", None, "clang"),
        Change("variable", "LD_PRELOAD", "x.so", None),
        Change("file", "a.py", None, None, "1a2b3c4 Mend it"),
        Change("commit", "commit", "aaa", "bbb", "Mend it"),
    )
    assert as_fix(changes, "/p/.venv/bin/python") == (
        "Install numpy 1.26.4 in place of 2.4.0 in .venv; Remove extra 1; Set CC to “clang”; "
        "Unset LD_PRELOAD (was “x.so”); Change a.py (1a2b3c4 Mend it)."
    )
    assert as_fix((), "") == ""


def test_secrets_are_never_among_the_variables() -> None:
    environment = {
        "HF_TOKEN": "x", "TOKENIZERS_PARALLELISM": "false", "AWS_SECRET_ACCESS_KEY": "x", "DB_PASSWORD": "x",
        "HF_HOME": "/h", "http_proxy": "http://u:pw@proxy", "OTHER": "x",
    }  # fmt: skip
    kept = chosen(environment, ["*_*"], lambda text: text.replace("pw", "<redacted>"))
    assert kept == {"TOKENIZERS_PARALLELISM": "false", "HF_HOME": "/h", "http_proxy": "http://u:<redacted>@proxy"}


@pytest.mark.parametrize(
    "head", ["#!{python}\n", "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n", "#!/usr/bin/env python9\n"]
)
def test_the_python_of_a_script_is_the_one_that_it_names(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "with blank" / "python9"
    python.parent.mkdir()
    python.write_text("")
    python.chmod(0o755)
    script = tmp_path / "tool"
    script.write_text(head.format(python=python))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{python.parent}{os.pathsep}{tmp_path}")
    expected = "" if "blank" in head.format(python=python).split("\n")[0] else str(python)
    assert python_of(["tool"], tmp_path) == expected or python_of(["env", "tool"], tmp_path) == str(python)


def test_an_interpreter_that_gives_no_answer_has_no_packages() -> None:
    assert packages_of("/bin/false") == {}


def test_runs_are_kept_a_good_one_in_place_of_all_and_the_oldest_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Surroundings("/f", packages={"a": "1"}, locks={"uv.lock": LockFile("d", {"a": "1"})})
    kept = RunHistory(tmp_path / "runs")
    kept.keep(["make"], Run(NOW, 0, here), "make")
    kept.keep(["make"], Run(NOW, 2, here, "abc", "starter/x"), "make")
    kept.keep(["make"], Run(NOW, 130, here), "make")
    held = kept.of(["make"], here)
    assert held.good == Run(NOW, 0, here)
    assert held.failed == Run(NOW, 2, here, "abc", "starter/x")
    assert kept.of(["make"], Surroundings("/other")).good is None
    kept.keep(["make"], Run(NOW, 0, here), "make")
    assert kept.of(["make"], here).failed is None
    monkeypatch.setattr(history, "MOST_COMMANDS", 3)
    for number in range(6):
        kept.keep(["make", str(number)], Run(NOW, 0, here), "make")
    assert len(list((tmp_path / "runs").iterdir())) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "good": {"at": 1}}', '{"version": 99}'])
def test_a_damaged_file_counts_as_none(text: str, tmp_path: Path) -> None:
    here = Surroundings("/f")
    kept = RunHistory(tmp_path)
    kept.keep(["x"], Run(NOW, 0, here), "x")
    next(tmp_path.iterdir()).write_text(text)
    assert kept.of(["x"], here).good is None
