"""The Python client, and the command line that a running server answers: the same answers, over a real socket."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ci_server import CiServer
from server_process import ServerProcess, mcp_rag

from mcp_rag.client import AsyncClient, Client
from mcp_rag.errors import InputError, NotFound
from mcp_rag.faces.serialisation import diagnosis_to_json
from mcp_rag.records import Verdict

NUMPY = """\
collected 3 items
Traceback (most recent call last):
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""
STRANGE = 'Traceback (most recent call last):\n  File "/srv/b.py", line 3, in go\n    pay()\n{}\n'
APART = {"history", "worded_by"}
"""What differs between two answers to one log: what was seen before."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "build.log").write_text(NUMPY)
    return tmp_path / "build.log"


def without(row: dict[str, Any], apart: set[str] = APART) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in apart}


def test_a_diagnosis_comes_back_as_it_was_made(server: ServerProcess, log: Path) -> None:
    import httpx

    with Client(server.url) as client:
        diagnosis = client.diagnose(log)
    told = httpx.post(f"{server.url}/v1/diagnose", content=NUMPY, params={"name": str(log)}, timeout=60).json()
    assert diagnosis.verdict is Verdict.KNOWN
    assert without(diagnosis_to_json(diagnosis)) == without(told)


def test_everything_that_can_be_asked(server: ServerProcess, log: Path) -> None:
    with Client(server.url) as client:
        spans = client.extract(gzip.compress(NUMPY.encode()), lines=10)
        assert [excerpt.line for excerpt in spans[0].excerpt] == [2, 3, 4, 5]
        assert client.diagnose(log, exited=0).verdict is Verdict.CLEAN
        assert client.diagnose(b"all is well\n", exited=2).verdict is Verdict.UNKNOWN
        nothing = client.diagnose(b"", exited=3)
        assert nothing.incident is not None
        assert nothing.incident.span.first == 1
        assert (client.extract(log, exited=0), bool(client.extract(b"all is well\n", exited=2))) == ((), True)
        found = client.search("module 'numpy' has no attribute 'float'", limit=3)
        assert found.match
        assert 1 <= len(found.evidence) <= 3
        best = found.evidence[0].issue
        assert client.issue(best.key)["title"] == best.title
        strange = client.diagnose(STRANGE.format("acme.Refused: the till of shop 4 is shut").encode(), name="till")
        assert (strange.verdict, strange.source) == (Verdict.UNKNOWN, "till")
        assert strange.incident_id is not None
        recorded = client.confirm(strange.incident_id, fix="Open the till")
        assert client.reject(strange.incident_id, recorded.issue).issue == recorded.issue
        assert strange.incident_id.startswith(client.incidents(1)[0].id)
        with pytest.raises(NotFound):
            client.reject("ffffffffffff")
        with pytest.raises(InputError):
            client.diagnose(b"\x7fELF" + bytes(1000))


def test_the_same_without_blocking(server: ServerProcess, log: Path) -> None:
    async def ask() -> list[Verdict]:
        async with AsyncClient(server.url) as client:
            both = await asyncio.gather(client.diagnose(log), client.diagnose(b"all is well\n"))
            assert (await client.search("numpy float", limit=2)).evidence
            assert await client.incidents(1)
            return [diagnosis.verdict for diagnosis in both]

    assert asyncio.run(ask()) == [Verdict.KNOWN, Verdict.CLEAN]


def asked(tmp_path: Path, server: ServerProcess, *arguments: object, stdin: bytes = b"") -> Any:
    """The command line with the server set; afterwards there is no home."""
    done = mcp_rag(tmp_path / "untouched", *arguments, stdin=stdin, MCP_RAG_URL=server.url)
    assert not (tmp_path / "untouched").exists()
    return done


def test_the_command_line_answers_the_same_through_a_server(server: ServerProcess, tmp_path: Path, log: Path) -> None:
    local, served = tmp_path / "home", []
    exited = ["--json", "--exited", "0"]
    for arguments in (
        ["diagnose", "--json"],
        ["diagnose", "--exit-code"],
        ["diagnose", *exited],
        ["extract", "--json"],
        ["extract", *exited],
        ["extract"],
    ):
        here, there = mcp_rag(local, *arguments, log), asked(tmp_path, server, *arguments, log)
        assert there.returncode == here.returncode, there.stderr
        served.append(there)
        if "--json" in arguments:
            assert without(json.loads(there.stdout)) == without(json.loads(here.stdout))
        else:
            apart = (b"  seen", b"  helped?")
            mine, other = ([x for x in d.stdout.splitlines() if not x.startswith(apart)] for d in (here, there))
            assert other == mine
    assert served[1].returncode == 10
    words = ["search", "--json", "--limit", 3, "module 'numpy' has no attribute 'float'"]
    here, there = (json.loads(done.stdout) for done in (mcp_rag(local, *words), asked(tmp_path, server, *words)))
    assert [r["id"] for r in there["results"][:1]] == [r["id"] for r in here["results"][:1]]
    assert there["match"] and here["match"]


def test_what_is_known_of_a_run_goes_along_to_the_server(server: ServerProcess, tmp_path: Path) -> None:
    noise = "".join(f"ERROR: worker {n} gave up: out of otters\n" for n in range(30))
    (tmp_path / "good.log").write_text(noise + "done\n")
    (tmp_path / "bad.log").write_text(noise + NUMPY + noise)
    (tmp_path / "requirements.txt").write_text("numpy==1.26.4\n")
    (tmp_path / "older.txt").write_text("numpy==1.19.5\n")
    good = ["--good", tmp_path / "good.log"]
    applies = {}
    asks: list[list[Any]] = [
        ["diagnose", "--json", *good, "--lines", 20, "--no-chat", "--env", tmp_path / "requirements.txt"],
        ["diagnose", "--json", *good, "--tokens", 200, "--env", tmp_path / "older.txt"],
        ["extract", "--json", *good],
        ["extract", "--json", *good, "--tokens", 100],
        ["extract", "--json", "--tokens", 60],
    ]
    for arguments in asks:
        done = [
            mcp_rag(tmp_path / "home", *arguments, tmp_path / "bad.log"),
            asked(tmp_path, server, *arguments, tmp_path / "bad.log"),
        ]
        here, there = (json.loads(each.stdout) for each in done)
        assert there["spans"] == here["spans"] != [], arguments
        if arguments[0] == "diagnose":
            assert there["verdict"] == here["verdict"], arguments
            entry = next(each for each in there["evidence"] if each["id"] == "numpy-alias-removed")
            applies[Path(arguments[-1]).name] = entry["versions"]["applicability"]
    assert applies == {"requirements.txt": "applies", "older.txt": "does not apply"}


def test_a_form_is_held_to_its_bounds(server: ServerProcess) -> None:
    import httpx

    log = ("log", ("build.log", NUMPY.encode()))
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for files, data, status in (
            ([("good", ("good.log", b"fine\n"))], {}, 422),
            ([log, log], {}, 422),
            ([("log", ("build.log", b""))], {}, 422),
            ([log], {"versions": "[1]"}, 422),
            ([log], {"versions": '{"numpy": 1}'}, 422),
            ([log], {"versions": "[" * 100_000}, 422),
            ([log, *[("good", ("good.log", b"fine\n"))] * 11], {}, 400),
            ([log, ("good", ("good.log", b"\x00" * 10))], {"versions": '{"numpy": "1.26.4"}'}, 200),
        ):
            answer = http.post("/v1/diagnose", files=files, data=data)
            assert answer.status_code == status, (data, answer.text)
            assert status == 200 or answer.json()["error"]["what"]
        broken = http.post("/v1/diagnose", content=b"--x", headers={"content-type": "multipart/form-data"})
        assert broken.status_code == 400


def test_outcomes_and_incidents_through_a_server(server: ServerProcess, tmp_path: Path) -> None:
    strange = STRANGE.format("acme.Refused: the door of shop 5 is shut").encode()
    row = json.loads(asked(tmp_path, server, "diagnose", "--json", "-", stdin=strange).stdout)
    assert (row["verdict"], row["source"]) == ("unknown", "-")
    fix = "Open the door; password=hunter2secret99"
    said = asked(tmp_path, server, "confirm", row["incident"], "--fix", fix)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(b"Confirmed: ")
    key = said.stdout.decode().partition("[")[2].partition("]")[0]
    assert asked(tmp_path, server, "reject", "--json", "--issue", key, row["incident"]).returncode == 0
    seen = [json.loads(x) for x in asked(tmp_path, server, "incidents", "--json", "--limit", 1).stdout.splitlines()]
    assert row["incident"].startswith(seen[0]["incident"])
    missing = asked(tmp_path, server, "confirm", "ffffffffffff")
    assert missing.returncode == 4
    assert asked(tmp_path, server, "confirm").returncode == 3


def test_a_commands_failure_is_told_by_the_server_and_its_code_stays(server: ServerProcess, tmp_path: Path) -> None:
    script = (
        "import sys; print(\"AttributeError: module 'numpy' has no attribute 'float'\", file=sys.stderr); sys.exit(7)"
    )
    done = mcp_rag(tmp_path / "home", "run", "--json", "--", sys.executable, "-c", script, MCP_RAG_URL=server.url)
    assert done.returncode == 7
    assert json.loads(done.stderr.splitlines()[-1])["verdict"] == "known"
    assert not (tmp_path / "home" / "ledger.db").exists()


def test_what_leaves_the_machine_is_masked(tmp_path: Path) -> None:
    bodies: list[bytes] = []
    with CiServer() as listening:
        listening.on_post = bodies.append
        secret = STRANGE.format("ValueError: token ghp_0123456789abcdefghijklmnopqrstuvwxyz is refused").encode()
        done = mcp_rag(tmp_path / "home", "diagnose", "-", stdin=secret, MCP_RAG_URL=listening.url)
    assert done.returncode == 9
    assert b"ValueError: token <redacted:" in bodies[0]
    assert b"ghp_0123456789" not in bodies[0]


def test_a_server_that_is_down_or_no_server_is_one_clear_error(tmp_path: Path, log: Path) -> None:
    with CiServer() as gone:
        url = gone.url
        other = mcp_rag(tmp_path / "home", "search", "x", MCP_RAG_URL=url)
    assert (other.returncode, b"There is no known issue" in other.stderr or b"mcp-rag" in other.stderr) == (9, True)
    for arguments in (["diagnose", log], ["search", "x"], ["incidents"]):
        done = mcp_rag(tmp_path / "home", *arguments, MCP_RAG_URL=url)
        assert done.returncode == 9
        assert b"does not answer" in done.stderr
        assert b"unset it to answer here" in done.stderr
        assert b"Traceback" not in done.stderr


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    done = mcp_rag(tmp_path / "home", "search", "x", MCP_RAG_URL="127.0.0.1:1")
    assert (done.returncode, b"url is no address" in done.stderr) == (2, True)


def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(tmp_path: Path) -> None:
    address = {"MCP_RAG_URL": "http://127.0.0.1:1"}
    done = mcp_rag(tmp_path / "home", "search", "x", MCP_RAG_TOKEN="mcprag_quiet\nand more", **address)
    assert (done.returncode, b"MCP_RAG_TOKEN" in done.stderr, b"quiet" in done.stderr) == (2, True, False)
    done = mcp_rag(tmp_path / "home", "search", "x", MCP_RAG_TOKEN="mcprag_quiet\n", **address)
    assert (done.returncode, b"does not answer" in done.stderr, b"quiet" in done.stderr) == (9, True, False)


def test_a_command_that_the_home_answers_all_the_same_says_so(tmp_path: Path) -> None:
    done = mcp_rag(tmp_path / "home", "usage", MCP_RAG_URL="http://127.0.0.1:1", MCP_RAG_STARTER="off")
    assert (done.returncode, b"not the server http://127.0.0.1:1" in done.stderr) == (0, True)
    done = mcp_rag(tmp_path / "home", "usage", "--home", tmp_path / "home", MCP_RAG_URL="http://127.0.0.1:1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_a_command_that_a_server_answers_loads_no_home(server: ServerProcess, log: Path) -> None:
    code = (
        "import sys\nfrom mcp_rag.faces.cli import main\ntry:\n    main(['diagnose', sys.argv[1]])\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'pymilvus', 'onnxruntime', 'tokenizers', 'jieba', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    env = os.environ | {"MCP_RAG_URL": server.url}
    done = subprocess.run([sys.executable, "-c", code, log], env=env, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")


def test_work_left_with_a_server_is_followed_to_its_end(server: ServerProcess) -> None:
    import httpx

    from mcp_rag.client.exchanges import Ask, asked
    from mcp_rag.client.values import diagnosis_of

    taken = httpx.post(f"{server.url}/v1/tasks/diagnose", content=NUMPY, timeout=60)
    assert taken.status_code == 202
    with Client(server.url) as client:
        ask = Ask("POST", "/v1/tasks/diagnose", {"name": "later"}, content=NUMPY.encode())
        diagnosis = client._carry(asked(ask, diagnosis_of, client.url))
    assert (diagnosis.verdict, diagnosis.source) == (Verdict.KNOWN, "later")
