"""Work that is left with the server: polled, listened to, called off, and done though the server is killed."""

from __future__ import annotations

import gzip
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import ServerProcess, mcp_rag

LOG = """\
Traceback (most recent call last):
  File "/srv/heron/app.py", line 3, in go
    fly()
heron.WingFault: the left heron refuses password=hunter2secret99
"""

LONG = "".join(f"12:00:{n % 60:02} INFO step {n} of the build went well\n" for n in range(1_000_000)) + LOG
"""Takes seconds to look through, so that a kill finds it being looked at."""

PATIENCE_SECONDS = 300


def ended(client: httpx.Client, task: str) -> dict[str, Any]:
    """The task, once it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: dict[str, Any] = client.get(f"/v1/tasks/{task}").raise_for_status().json()
        if found["standing"] not in ("queued", "running"):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.1)


def left(client: httpx.Client, log: str | bytes, **headers: str) -> str:
    answer = client.post("/v1/tasks/diagnose", params={"name": "ci/7"}, content=log, headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/tasks/{answer.json()['task']}"
    return str(answer.json()["task"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("tasks") / "home", MCP_RAG_STARTER="off") as running:
        yield running
        assert running.stop() == 0


@pytest.fixture
def client(served: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=PATIENCE_SECONDS) as asking:
        yield asking


def test_a_log_is_left_and_its_diagnosis_fetched(client: httpx.Client) -> None:
    task = ended(client, left(client, gzip.compress(LOG.encode())))
    assert (task["standing"], task["attempts"], task["name"]) == ("done", 1, "ci/7")
    assert "heron.WingFault" in task["result"]["failure"]["message"]
    assert "hunter2secret99" not in json.dumps(task)
    assert task["task"] in {one["task"] for one in client.get("/v1/tasks").json()["tasks"]}
    assert 'mcp_rag_tasks{standing="done"}' in client.get("/metrics").text


def test_a_listener_hears_until_the_end(client: httpx.Client) -> None:
    task = left(client, LOG, **{"content-type": "text/plain"})
    with client.stream("GET", f"/v1/tasks/{task}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = list(stream.iter_lines())
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert told[-1]["standing"] == "done"
    assert "event: done" in lines


def test_a_jobs_good_run_is_compared_with_by_tasks_and_streams_too(client: httpx.Client) -> None:
    passed = "".join(f"INFO step {n} done\nWARNING: telemetry of step {n} could not be sent\n" for n in range(20))
    answer = client.post("/v1/tasks/diagnose", params={"job": " ci/herons "}, content=passed)
    assert ended(client, answer.json()["task"])["result"]["verdict"] == "clean"
    (kept,) = client.get("/v1/jobs").json()["jobs"]
    assert kept["job"] == "ci/herons"
    failed = passed + LOG
    task = ended(client, client.post("/v1/tasks/diagnose?job=ci/herons", content=failed).json()["task"])
    events = client.post("/v1/diagnose/events?job=ci/herons", content=failed).text.splitlines()
    streamed = json.loads(events[-2].removeprefix("data: "))
    for found in (task["result"], streamed):
        shown = [number for span in found["spans"] for number in range(span["first"], span["last"] + 1)]
        assert min(shown) > len(passed.splitlines()), "what the good run had too is not shown"
    for path in ("/v1/tasks/diagnose", "/v1/diagnose/events"):
        assert client.post(path, params={"job": " "}, content=failed).status_code == 422


def test_a_known_exit_code_tells_tasks_and_streams_whether_it_failed(client: httpx.Client) -> None:
    for log, exited, verdict in ((LOG, 0, "clean"), ("all is well\n", -11, "unknown")):
        asked = {"params": {"exited": exited}, "content": log}
        task = ended(client, client.post("/v1/tasks/diagnose", **asked).json()["task"])
        streamed = json.loads(client.post("/v1/diagnose/events", **asked).text.splitlines()[-2].removeprefix("data: "))
        at_once = client.post("/v1/diagnose", **asked).json()
        assert [found["verdict"] for found in (task["result"], streamed, at_once)] == [verdict] * 3
        assert bool(client.post("/v1/extract", **asked).json()["spans"]) is (verdict != "clean")
    for path in ("/v1/diagnose", "/v1/extract"):
        for asked in (
            {"json": {"text": "all is well", "exited": 1}},
            {"files": {"log": b"x"}, "data": {"exited": "1"}},
        ):
            told = client.post(path, **asked)
            assert (told.status_code, "?exited=" in told.text) == (422, True)
    for path in ("/v1/tasks/diagnose", "/v1/diagnose/events", "/v1/diagnose", "/v1/extract"):
        assert client.post(path, params={"exited": 2**32}, content=LOG).status_code == 422


def test_a_task_is_called_off(client: httpx.Client) -> None:
    task = left(client, gzip.compress(LONG.encode(), 1))
    assert client.delete(f"/v1/tasks/{task}").status_code == 200
    assert ended(client, task)["standing"] == "cancelled"
    assert client.delete(f"/v1/tasks/{task}").json()["standing"] == "cancelled"


def test_what_cannot_be_is_told(client: httpx.Client) -> None:
    assert client.get("/v1/tasks/nobody").status_code == 404
    assert client.get("/v1/tasks/nobody/events").status_code == 404
    assert client.delete("/v1/tasks/nobody").status_code == 404
    assert client.post("/v1/tasks/diagnose", content=b"").status_code == 422
    broken = ended(client, left(client, gzip.compress(LOG.encode())[:20]))
    assert (broken["standing"], broken["result"]) == ("failed", None)
    assert broken["error"]["what"]


def test_a_team_sees_its_own_tasks_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tokens = {}
    for team in ("blue", "red"):
        made = mcp_rag(home, "tokens", "create", "--name", team, "--team", team, "--json").stdout
        tokens[team] = {"authorization": f"Bearer {json.loads(made)['token']}"}
    with (
        ServerProcess(home, MCP_RAG_STARTER="off") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        task = left(client, LOG, **tokens["blue"])
        for path in (f"/v1/tasks/{task}", f"/v1/tasks/{task}/events"):
            assert client.get(path, headers=tokens["red"]).status_code == 404
        assert client.delete(f"/v1/tasks/{task}", headers=tokens["red"]).status_code == 404
        assert client.get("/v1/tasks", headers=tokens["red"]).json() == {"tasks": []}
        assert len(client.get("/v1/tasks", headers=tokens["blue"]).json()["tasks"]) == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_taken_on_is_done_though_the_server_goes(tmp_path: Path, how: signal.Signals) -> None:
    home = tmp_path / "home"
    with (
        ServerProcess(home, MCP_RAG_STARTER="off") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        tasks = [left(client, gzip.compress(LONG.encode(), 1)), *(left(client, LOG) for _ in range(4))]
        server.stop(how)
    with (
        ServerProcess(home, MCP_RAG_STARTER="off") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        for task in tasks:
            assert ended(client, task)["standing"] == "done"
        (incident,) = client.get("/v1/incidents").json()["incidents"]
        assert incident["count"] >= len(tasks), "none was lost; one that was begun twice may have been counted twice"
        assert server.stop() == 0
