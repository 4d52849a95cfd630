"""The command line as people and scripts call it: real processes, one home."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NUMPY = """\
collected 3 items
Traceback (most recent call last):
  File "/srv/app/train.py", line 12, in <module>
    main()
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""
CLEAN = "collected 2 items\n\ntests/test_errors.py ..   [100%]\n\n2 passed in 0.12s\n"


def call(*arguments: object, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mcp_rag", *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, timeout=120, env=os.environ | environment
    )


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("arguments", [["config"], ["--help"], ["incidents", "--help"], ["extract"]])
def test_a_reader_that_goes_away_is_no_failure(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mcp_rag", *arguments]
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, check=False, timeout=120)
    assert done.returncode == (2 if arguments == ["extract"] else 0)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_in_a_line() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "mcp_rag", "config"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=120)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr


def test_incidents_are_found_by_their_words(numpy_log: Path) -> None:
    call("diagnose", numpy_log, "--json", MCP_RAG_STARTER="off")
    found = rows(call("incidents", "--search", "numpy alias float", "--json", MCP_RAG_STARTER="off"))
    assert [row["message"] for row in found] == ["AttributeError: module 'numpy' has no attribute 'float'"]
    assert call("incidents", "--search", " ").returncode == 2


@pytest.fixture
def numpy_log(tmp_path: Path) -> Path:
    path = tmp_path / "build.log"
    path.write_text(NUMPY)
    return path


def test_a_log_alone_is_short_for_diagnose(numpy_log: Path) -> None:
    done = call(numpy_log)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.startswith("KNOWN")
    assert "line 7" in text
    assert text.strip().splitlines()[-1].strip().startswith("helped?")
    assert len(text.strip().splitlines()) < 15
    assert "\x1b" not in text, "no colour when piped"


def test_a_pipe_is_read(numpy_log: Path) -> None:
    (row,) = rows(call("-", "--json", stdin=numpy_log.read_bytes()))
    assert (row["source"], row["verdict"]) == ("-", "known")
    assert "float" in row["fix"]
    assert {"line": 7, "quote": "AttributeError: module 'numpy' has no attribute 'float'"} in row["citations"]


def test_a_failure_is_remembered_when_its_reader_went_away(numpy_log: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        command = [sys.executable, "-m", "mcp_rag", "diagnose", str(numpy_log)]
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(rows(call("incidents", "--json"))) == 1


def test_the_same_failure_again_is_told_so_and_what_fixed_it(numpy_log: Path) -> None:
    assert rows(call("--json", numpy_log))[0]["history"] is None
    assert b"Confirmed" in call("confirm", "last").stdout
    second = rows(call("--json", numpy_log))[0]
    assert second["history"]["count"] == 1
    assert second["history"]["fixed_by"]
    assert b"third time, last on" in call(numpy_log).stdout


def test_a_fix_in_ones_own_words_answers_the_next_log(tmp_path: Path) -> None:
    text = 'Traceback (most recent call last):\n  File "/srv/a.py", line {n}, in go\n    pay()\n'
    text += "acme.PaymentRefused: ledger {n} of /srv/run/{n} refuses currency XTS\n"
    (tmp_path / "a.log").write_text(text.format(n=17))
    (tmp_path / "b.log").write_text(text.format(n=4711))
    assert rows(call("--json", tmp_path / "a.log"))[0]["verdict"] == "unknown"
    assert call("confirm", "last", "--fix", "Enable test currencies in acme.toml").returncode == 0
    again = rows(call("--json", tmp_path / "b.log"))[0]
    assert again["verdict"] == "known"
    assert "Enable test currencies" in again["fix"]


def test_a_log_without_failure_is_clean_and_codes_are_asked_for(tmp_path: Path, numpy_log: Path) -> None:
    (tmp_path / "clean.log").write_text(CLEAN)
    assert rows(call("--json", tmp_path / "clean.log"))[0]["verdict"] == "clean"
    assert call("diagnose", "--exit-code", tmp_path / "clean.log").returncode == 0
    assert call("diagnose", "--exit-code", numpy_log).returncode == 10


def test_a_known_exit_code_tells_whether_it_failed(tmp_path: Path, numpy_log: Path) -> None:
    (tmp_path / "clean.log").write_text(CLEAN)
    (row,) = rows(call("diagnose", "--json", "--exited", 3, tmp_path / "clean.log"))
    assert (row["verdict"], row["commands"]) == ("unknown", [])
    assert rows(call("diagnose", "--json", "--exited", 0, numpy_log))[0]["verdict"] == "clean"
    assert rows(call("extract", "--json", "--exited", 0, numpy_log))[0]["spans"] == []
    assert rows(call("extract", "--json", "--exited", -9, tmp_path / "clean.log"))[0]["spans"]
    same = call("extract", "--exited", 1, "--good", tmp_path / "clean.log", tmp_path / "clean.log")
    assert (same.returncode, b"nothing that matters is new" in same.stdout) == (0, True)
    for wrong in ("", "one", 2**32):
        done = call("diagnose", "--exited", wrong, numpy_log)
        assert (done.returncode, b"is no exit code; give a whole number" in done.stderr) == (2, True)


def test_a_bad_input_is_a_row_and_the_others_go_on(tmp_path: Path, numpy_log: Path) -> None:
    good, bad = rows(call("diagnose", "--json", numpy_log, tmp_path / "absent.log"))
    assert good["verdict"] == "known"
    assert bad["source"].endswith("absent.log")
    assert bad["error"]


def test_only_bad_input_is_an_error_with_a_code_of_its_own(tmp_path: Path) -> None:
    done = call("diagnose", tmp_path / "absent.log")
    assert done.returncode == 3
    assert b"absent.log" in done.stderr
    assert b"Did you mean the command `mcp-rag diagnose`?" in call("diagnoze").stderr


def test_an_answer_is_the_same_alone_and_among_others(tmp_path: Path, numpy_log: Path) -> None:
    twin = tmp_path / "twin.log"
    twin.write_text(NUMPY)
    alone = rows(call("--json", twin, MCP_RAG_HOME=str(tmp_path / "one")))[0]
    among = rows(call("--json", numpy_log, twin, MCP_RAG_HOME=str(tmp_path / "two")))[1]
    assert alone == among


def test_compressed_logs_are_read(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(NUMPY.encode()))
    assert rows(call("extract", "--json", tmp_path / "log.gz"))[0]["spans"][0]["first"] == 2


def test_extract_honours_the_budget(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("".join(f"src/a.c:{n}:5: error: 'x{n}' undeclared\n" for n in range(1, 200)))
    spans = rows(call("extract", "--json", "--lines", 20, tmp_path / "x.log"))[0]["spans"]
    assert 0 < sum(s["last"] - s["first"] + 1 for s in spans) <= 20


def test_learned_rows_come_back_verbatim_and_all_of_them(tmp_path: Path) -> None:
    kb = tmp_path / "kb.jsonl"
    texts = {"A/1": "disk quota exceeded on scratch volume", "b 2": "license server unreachable", "三": "队列已满"}
    kb.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": "q1", "text": "write failed: Disk quota exceeded"}) + "\n")
    off = {"MCP_RAG_STARTER": "off"}
    assert rows(call("learn", "--json", kb, **off))[0]["added"] == 3
    assert rows(call("learn", "--json", kb, **off))[0]["unchanged"] == 3
    (answer,) = rows(call("search", "--json", "--limit", 10, "--queries", tmp_path / "q.jsonl", **off))
    assert answer["id"] == "q1"
    assert answer["results"][0]["id"] == "A/1"
    assert sorted(r["id"] for r in answer["results"]) == sorted(texts)


def test_a_repositorys_known_issues_are_in_force_without_learn(tmp_path: Path, numpy_log: Path) -> None:
    known = tmp_path / "repo" / ".mcp-rag" / "known"
    known.mkdir(parents=True)
    (known / "ours.md").write_text(
        '---\nid: ours\ntitle: The flux gate is shut\nsymptoms:\n  - "flux gate {gate} is shut"\n---\n'
        "## Cause\nGate {gate} was left shut.\n\n## Fix\nOpen gate {gate}.\n"
    )
    log = tmp_path / "repo" / "x.log"
    log.write_text("starting\nERROR: flux gate 88 is shut\nexit code 1\n")
    command = [sys.executable, "-m", "mcp_rag", "--json", "x.log"]
    inside = subprocess.run(command, cwd=log.parent, capture_output=True, check=True, timeout=120)
    row = json.loads(inside.stdout)
    assert (row["verdict"], row["fix"]) == ("known", "Open gate 88.")
    outside = rows(call("--json", log))[0]
    assert outside["verdict"] == "unknown"


def test_export_and_import_move_everything(tmp_path: Path, numpy_log: Path) -> None:
    rows(call("--json", numpy_log))
    assert call("confirm", "last", "--fix", "use float").returncode == 0
    moved = call("knowledge", "export")
    other = str(tmp_path / "other")
    assert call("knowledge", "import", "-", stdin=moved.stdout, MCP_RAG_HOME=other).returncode == 0
    assert rows(call("--json", numpy_log, MCP_RAG_HOME=other))[0]["history"]["fixed_by"] == "use float"


def test_rebuild_makes_the_index_anew(tmp_path: Path) -> None:
    (tmp_path / "n.md").write_text("# Disk full\n\nRemove old checkpoints.\n\n# Port taken\n\nStop the other server.\n")
    rows(call("learn", "--json", tmp_path / "n.md", MCP_RAG_STARTER="off"))
    (row,) = rows(call("knowledge", "rebuild", "--json", MCP_RAG_STARTER="off"))
    assert row["indexed"] == 2
    stats = rows(call("knowledge", "stats", "--json", MCP_RAG_STARTER="off"))[0]
    assert (stats["entries"], stats["indexed"]) == (2, 2)


def test_secrets_are_masked_in_answers_and_in_the_ledger(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    log = tmp_path / "x.log"
    log.write_text(
        f"cloning\nfatal: Authentication failed for 'https://bot:{token}@example.org/r.git/'\nexit code 128\n"
    )
    done = call("--json", log)
    assert token.encode() not in done.stdout
    assert rows(done)[0]["verdict"] in ("known", "unknown")
    for file in Path(os.environ["MCP_RAG_HOME"]).rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes(), file


def test_run_leaves_a_command_that_succeeds_alone() -> None:
    done = call("run", "--", sys.executable, "-c", "print('fine')")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"fine\n", b"")


def test_run_diagnoses_a_command_that_fails_on_standard_error() -> None:
    program = "import sys; print('out'); sys.exit(\"AttributeError: module 'numpy' has no attribute 'float'\")"
    done = call("run", "--", sys.executable, "-c", program)
    assert (done.returncode, done.stdout) == (1, b"out\n")
    assert b"helped?" in done.stderr


def test_run_never_calls_a_failing_command_clean() -> None:
    done = call("run", "--json", "--", sys.executable, "-c", "print('the moon is not full'); raise SystemExit(3)")
    assert done.returncode == 3
    assert json.loads(done.stderr.splitlines()[-1])["verdict"] == "unknown"


def test_settings_faults_are_usage_errors() -> None:
    done = call("config", MCP_RAG_LINES="many", MCP_RAG_NONSENSE="1")
    assert done.returncode == 2
    assert b"nonsense" in done.stderr and b"many" in done.stderr


def test_config_tells_origins_and_hides_secrets() -> None:
    found = {row["setting"]: row for row in rows(call("config", "--json", MCP_RAG_CHAT_API_KEY="sk-hidden"))}
    assert found["chat_api_key"] == {"setting": "chat_api_key", "value": "set", "origin": "MCP_RAG_CHAT_API_KEY"}
    assert found["lines"]["origin"] == "default"


@pytest.mark.parametrize("command", [(), ("diagnose",), ("run",), ("learn",), ("knowledge",), ("search",)])
def test_help_imports_nothing_heavy(command: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom mcp_rag.faces.cli import main\n"
        f"try: main({[*command, '--help']!r})\nexcept SystemExit: pass\n"
        "heavy = {'pymilvus', 'onnxruntime', 'numpy', 'sqlalchemy', 'rich', 'pandas', 'httpx'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Usage:" in done.stdout
