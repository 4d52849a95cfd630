"""What a server keeps for the command line: jobs' good runs, incidents to search, known issues to change."""

from __future__ import annotations

import json
import subprocess

import httpx
from server_process import ServerProcess, mcp_rag

STRANGE = 'Traceback (most recent call last):\n  File "/srv/b.py", line 3, in go\n    pay()\n{}\n'


def asked(server: ServerProcess, *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    """One command, answered by the server; no home is opened here."""
    home = server.home.parent / "elsewhere"
    done = mcp_rag(home, *arguments, stdin=stdin.encode(), MCP_RAG_URL=server.url)
    assert not (home / "ledger.db").exists()
    return done


def test_a_job_is_remembered_by_the_server_and_incidents_are_searched_there(small: ServerProcess) -> None:
    passed = "".join(f"INFO step {n} done\nWARNING: telemetry of step {n} could not be sent\n" for n in range(20))
    assert (
        json.loads(asked(small, "diagnose", "--json", "--job", "ci/punts", "-", stdin=passed).stdout)["verdict"]
        == "clean"
    )
    (row,) = map(json.loads, asked(small, "jobs", "--json").stdout.splitlines())
    assert (row["job"], row["source"]) == ("ci/punts", "-")
    failed = passed + STRANGE.format("acme.Sunken: the punt of quay 7 has sunk")
    found = json.loads(asked(small, "diagnose", "--json", "--job", "ci/punts", "-", stdin=failed).stdout)
    assert "has sunk" in found["failure"]["message"]
    asked(small, "diagnose", "-", stdin=STRANGE.format("acme.Lost: no lantern burns at the weir"))
    told = asked(small, "incidents", "--json", "--limit", 1, "--search", "the punt of quay 9 has sunk")
    assert found["incident"].startswith(json.loads(told.stdout)["incident"])
    assert asked(small, "jobs", "--forget", "ci/punts").returncode == 0
    assert asked(small, "jobs", "--forget", "ci/punts").returncode == 4
    assert asked(small, "jobs", "--json").stdout == b""


def test_an_own_entry_is_shown_changed_and_removed(small: ServerProcess) -> None:
    seen = json.loads(
        asked(small, "diagnose", "--json", "-", stdin=STRANGE.format("acme.Refused: shop 5 is shut")).stdout
    )
    key = json.loads(asked(small, "confirm", "--json", "--fix", "Open the door", seen["incident"]).stdout)["issue"]
    shown = asked(small, "knowledge", "show", key).stdout.decode()
    better = shown.replace("Open the door", "Knock, then open the door")
    assert better != shown
    done = asked(small, "knowledge", "edit", key, "--file", "-", "--despite-faults", stdin=better)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{key} is changed".encode()), done.stderr
    assert b"Knock, then" in asked(small, "knowledge", "show", key).stdout
    for wrong in (better.replace("id: ", "id: x-"), better + "\n## Aside\nMore.\n", "no front matter"):
        assert asked(small, "knowledge", "edit", key, "--file", "-", stdin=wrong).returncode == 3
    shipped = asked(small, "knowledge", "show", "heron-wing-fault").stdout.decode()
    assert asked(small, "knowledge", "edit", "heron-wing-fault", "--file", "-", stdin=shipped).returncode == 3
    assert asked(small, "knowledge", "remove", "--source", "confirmed").returncode == 2
    assert asked(small, "knowledge", "remove", key).stdout == b"1 known issues removed\n"
    assert asked(small, "knowledge", "show", key).returncode == 4


def test_who_asks_for_the_nearest_asks_for_nothing_else(small: ServerProcess) -> None:
    with httpx.Client(base_url=small.url, timeout=120) as http:
        for path in ("/v1/incidents?near=x&q=y", "/v1/incidents?near=x&offset=1", "/v1/incidents?near=x&verdict=known"):
            assert http.get(path).status_code == 422, path
        assert http.post("/v1/diagnose", params={"job": " "}, content=b"fine\n").status_code == 422
