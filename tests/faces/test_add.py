"""An incident becomes a known issue that a repository keeps, and that answers from then on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOG = """step 1
Traceback (most recent call last):
  File "/srv/b.py", line 3, in run
    post()
LedgerError: invoice 17 does not balance by 3.50
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / "failed.log").write_text(LOG)
    (folder / "other.log").write_text(LOG.replace("17", "99").replace("3.50", "0.01").replace("/srv/b.py", "/x/c.py"))
    return folder


def call(repository: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    settings = {"MCP_RAG_HOME": str(repository.parent / "home"), "MCP_RAG_STARTER": "off"}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=repository,
        env={**environment, **settings, **more},
    )


def test_what_was_added_answers_the_next_failure_of_its_kind(repository: Path) -> None:
    call(repository, "diagnose", "failed.log")
    told = call(repository, "add", "--cause", "Rounding twice.", "--fix", "Round once. token=ghp_" + "a1B2" * 9)
    assert told.returncode == 0, told.stderr
    (file,) = (repository / ".mcp-rag" / "known").iterdir()
    assert file.name == "ledgererror-invoice-does-not-balance-by.md"
    text = file.read_text()
    assert "LedgerError: invoice {number:number} does not balance by {number_2:number}" in text
    assert "ghp_" not in text
    answer = json.loads(call(repository, "diagnose", "--json", "other.log").stdout)
    assert (answer["verdict"], answer["cause"]) == ("known", "Rounding twice.")
    again = call(repository, "add")
    assert again.returncode == 3
    assert "is there already" in again.stderr


def test_a_draft_without_cause_is_written_and_told_of(repository: Path) -> None:
    call(repository, "diagnose", "failed.log")
    told = call(repository, "add", "--id", "unfinished", "--json")
    row = json.loads(told.stdout)
    assert told.returncode == 12
    assert {fault["rule"] for fault in row["faults"]} == {"empty"}
    assert Path(row["file"]).is_file()


@pytest.mark.parametrize(
    ("editor", "code", "said"),
    [
        ("sed -i s/^title:.*/title:/", 3, "Your text is kept in"),
        ("true", 3, "Nothing was changed"),
        ("/nowhere/editor", 3, "The editor did not work"),
        ("sed -i s/^title:.*/title:\\ rounded/", 12, ""),
    ],
)
def test_the_editor_has_the_last_word(repository: Path, editor: str, code: int, said: str) -> None:
    call(repository, "diagnose", "failed.log")
    told = call(repository, "add", "--id", "edited", "--edit", EDITOR=editor, VISUAL=editor)
    assert told.returncode == code, told.stderr
    assert said in told.stderr
    assert (repository / ".mcp-rag" / "known" / "edited.md").exists() == (code == 12)


def test_no_incident_and_no_id_are_clear_errors(repository: Path) -> None:
    assert call(repository, "add").returncode == 4
    call(repository, "diagnose", "failed.log")
    assert call(repository, "add", "--id", "../escape").returncode == 3
    assert not (repository / ".mcp-rag").exists()


def test_an_entry_that_contradicts_a_known_one_is_shown_beside_it(repository: Path) -> None:
    call(repository, "diagnose", "failed.log")
    known = [
        "add",
        "--id",
        "known",
        "--title",
        "The ledger is off",
        "--cause",
        "Rounding twice.",
        "--fix",
        "Round once.",
    ]
    assert call(repository, *known).returncode == 0
    same = call(repository, "add", "--id", "same", "--title", "Off again", "--cause", "Twice.", "--fix", "Round once!")
    assert "[known] says the same of" in same.stdout
    other = call(
        repository, "add", "--id", "other", "--title", "Else", "--cause", "Fees.", "--fix", "Book fees.", "--json"
    )
    told = json.loads(other.stdout)
    assert other.returncode == 12
    assert {fault["rule"] for fault in told["faults"]} >= {"double"}
    beside = {rival["id"]: rival for rival in told["answering"]}
    assert beside["known"]["relation"] == beside["same"]["relation"] == "contradiction"
    assert beside["known"]["fix"] == "Round once."


def test_learned_and_imported_entries_are_shown_beside_what_answers_the_same_error(repository: Path) -> None:
    error = "gate 7 of the quay is closed for the night"
    for name, fix in (("ours", "Open the gate of the quay by hand."), ("theirs", "Wait until the morning.")):
        (repository / f"{name}.md").write_text(f"| Issue | Solution |\n|---|---|\n| {error} | {fix} |\n")
    assert "says" not in call(repository, "learn", "ours.md").stdout
    told = call(repository, "learn", "theirs.md").stdout
    assert f"says otherwise of '{error}'" in told
    assert "its fix: Open the gate of the quay by hand." in told
    moved = repository / "moved.jsonl"
    assert call(repository, "knowledge", "export", str(moved)).returncode == 0
    (repository / "third.md").write_text(
        f"| Issue | Solution |\n|---|---|\n| {error} | By hand: open the quay's gate. |\n"
    )
    other = {"MCP_RAG_HOME": str(repository.parent / "other")}
    assert call(repository, "learn", "third.md", **other).returncode == 0
    imported = json.loads(call(repository, "knowledge", "import", str(moved), "--json", **other).stdout)
    assert sorted(each["relation"] for each in imported["answering"]) == ["contradiction", "duplicate"]
