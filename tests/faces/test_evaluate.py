"""The evaluation through the command line, on two of the shipped golden logs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from chat_server import say, serving

GOLDEN = Path(__file__).parents[1] / "golden"


def call(home: Path, *arguments: str, what: str = "diagnosis") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", "evaluate", what, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "MCP_RAG_HOME": str(home)},
    )


def test_a_folder_is_scored_stored_and_compared(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (GOLDEN / "gold.jsonl").read_text().splitlines()]
    wanted = [row for row in rows if row["file"] in ("logs/numpy-np-float.log", "logs/clean-cargo-should-panic.log")]
    for row in wanted:
        row["file"] = str(GOLDEN / row["file"])
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in wanted))
    report = tmp_path / "report.json"
    first = call(tmp_path / "home", str(tmp_path), "--json", "--report", str(report))
    figures = {row["figure"]: row for row in map(json.loads, first.stdout.splitlines())}
    assert {
        name: figures[name]["mean"] for name in ("right fix", "wrong known", "clean is clean", "citations true")
    } == {
        "right fix": 1.0,
        "wrong known": 0.0,
        "clean is clean": 1.0,
        "citations true": 1.0,
    }
    with serving(obey) as (url, asked):
        resumed = call(tmp_path / "home", str(tmp_path), "--resume", "--json", "--report", str(report))
        assert resumed.stdout == first.stdout, "the logs that are done are not diagnosed again"
        again = call(
            tmp_path / "home",
            str(tmp_path),
            "--compare",
            str(report),
            "--with",
            f"{url}#small",
            "--judge",
            f"{url}#judge",
        )
    said = " ".join(again.stdout.split())
    assert "without a language model, compared" in said
    assert "small: better than without on 0 logs, worse on 0" in said
    assert re.search(r"known and worded\W+1\W+–\W+1\.000", said)
    assert {body["model"] for body in asked if "messages" in body} == {"small", "judge"}
    assert not (tmp_path / "home" / "ledger.db").exists()


def obey(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
    """Words what it is given, and judges yes; what else is asked it does not know."""
    if handler.path != "/v1/chat/completions":
        return say(handler, {}, 404)
    messages = body["messages"]
    assert isinstance(messages, list)
    data = json.loads(messages[-1]["content"])
    if "expressions" in data:
        answer: dict[str, object] = {"same_cause": True}
    else:
        (issue, *_), lines = data["known_issues"], data["incident"]["lines"]
        cause = {
            "text": f"The script stopped here. {issue['cause']}",
            "lines": [lines[-1]["line"]],
            "issues": [issue["id"]],
        }
        answer = {"cause": cause, "fix": [], "commands": [], "cannot_tell": ""}
    say(handler, {"choices": [{"message": {"content": json.dumps(answer)}}], "usage": {"prompt_tokens": 9}})


def test_a_report_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    told = call(tmp_path / "home", str(GOLDEN), "--report", str(tmp_path / "none" / "report.json"))
    assert told.returncode == 3
    assert "is no folder" in told.stderr
    assert call(tmp_path / "home", str(GOLDEN), "--resume").returncode == 2


def test_a_sample_says_of_how_many(tmp_path: Path) -> None:
    said = call(tmp_path / "home", str(GOLDEN), "--sample", "1", "--json").stdout
    assert {row["logs"] for row in map(json.loads, said.splitlines()) if "figure" in row} == {1}
    assert call(tmp_path / "home", str(GOLDEN), "--sample", "0").returncode == 2


def test_no_model_and_no_labels_are_clear_errors(tmp_path: Path) -> None:
    assert call(tmp_path / "home", str(tmp_path)).returncode == 3
    (tmp_path / "gold.jsonl").write_text("{}")
    told = call(tmp_path / "home", str(tmp_path), "--chat")
    assert told.returncode == 2
    assert "No language model is set" in told.stderr


def test_searches_are_scored_on_documents_of_ones_own(tmp_path: Path) -> None:
    known = {"disk": "The disk is full: remove old files.", "net": "The proxy refuses the connection: set no_proxy."}
    rows = "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in known.items())
    (tmp_path / "kb.jsonl").write_text(rows)
    asked = [
        {"id": "1", "text": "error: disk is full", "gold": ["disk"]},
        {"id": "2", "text": "error: proxy refuses the connection", "gold": ["net"]},
        {"id": "3", "text": "error: segmentation fault", "gold": []},
    ]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    files = (str(tmp_path / "kb.jsonl"), str(tmp_path / "q.jsonl"))
    done = call(tmp_path / "home", *files, "--json", "--ablation", what="retrieval")
    first, *more = map(json.loads, done.stdout.splitlines())
    assert (first["queries"], first["answerable"], first["R@1"]) == (3, 2, 1.0)
    assert {row["part"] for row in more if "part" in row} >= {"all parts", "vectors alone"}
    assert {row["curve"] for row in more if "curve" in row} == {"reliability", "precision-recall"}
    table = call(tmp_path / "home", *files, "--without-half", what="retrieval")
    assert "honest none" in table.stdout
    assert not (tmp_path / "home" / "ledger.db").exists()
    assert call(tmp_path / "home", files[1], "--without-half", what="retrieval").returncode == 2
    assert call(tmp_path / "home", files[0], files[0], what="retrieval").returncode == 3
    packed = tmp_path / "known.jsonl.gz"
    packed.write_bytes(b"\x1f\x8b no plain text")
    nothing = call(tmp_path / "home", str(packed), files[1], what="retrieval")
    assert (nothing.returncode, "No known issue was read" in nothing.stderr) == (3, True)
