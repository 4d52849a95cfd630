"""REST on what is known and what was seen: written, changed, removed; merged and split; documents learned; lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from server_process import ServerProcess

PATIENCE_SECONDS = 300


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as asking:
        yield asking


def fault(answer: httpx.Response, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    error: dict[str, str] = answer.json()["error"]
    assert set(error) == {"what", "why", "next", "message"}
    return error


TAPIR = {
    "title": "tapir.Snout: the tapir will not sing before noon",
    "cause": "Tapirs sleep until noon; password=hunter2secret99",
    "fix": "Ask after lunch",
    "symptoms": ["tapir.Snout: the tapir will not sing before {time}"],
    "urls": ["https://tapir.example/singing"],
}


def test_a_known_issue_is_written_found_changed_and_removed(client: httpx.Client) -> None:
    written = client.post("/v1/issues", json=TAPIR)
    assert written.status_code == 201, written.text
    key = written.json()["issue"]
    assert key.startswith("written/"), "the source that the web page and MCP write under too"
    held = client.get(f"/v1/issues/{key}").json()
    assert held["fix"] == "Ask after lunch"
    assert "hunter2secret99" not in held["cause"]
    said = "tapir.Snout: the tapir will not sing before teatime"
    log = f'Traceback (most recent call last):\n  File "/srv/t.py", line 1, in <module>\n{said}\n'
    assert client.post("/v1/diagnose", content=log).json()["fix"] == "Ask after lunch"
    listed = client.get("/v1/issues", params={"source": "written", "limit": 100}).json()
    assert key in {one["key"] for one in listed["issues"]}
    assert listed["total"] == listed["sources"]["written"]
    pages = [client.get("/v1/issues", params={"limit": 2, "offset": n}).json()["issues"] for n in (0, 2)]
    assert len({one["key"] for page in pages for one in page}) == 4
    changed = client.put(f"/v1/issues/{key}", json=TAPIR | {"fix": "Ask before midnight"})
    assert (changed.status_code, changed.json()["stored"]) == (200, True), changed.text
    assert client.get(f"/v1/issues/{key}").json()["fix"] == "Ask before midnight"
    assert "is there already" in fault(client.post("/v1/issues", json=TAPIR), 422)["what"]
    assert client.delete(f"/v1/issues/{key}").status_code == 204
    fault(client.get(f"/v1/issues/{key}"), 404)
    fault(client.delete(f"/v1/issues/{key}"), 404)


def test_what_is_wrong_with_a_known_issue_is_told_and_nothing_kept(client: httpx.Client) -> None:
    numpy = {
        "title": "numpy has no float",
        "cause": "It was removed",
        "fix": "Write float",
        "symptoms": ["AttributeError: module 'numpy' has no attribute 'float'"],
    }
    answer = client.post("/v1/issues", json=numpy)
    assert (answer.status_code, answer.json()["stored"]) == (200, False)
    told = answer.json()
    assert told["faults"] or any(one["match"] for one in told["near"])
    fault(client.get(f"/v1/issues/{told['issue']}"), 404)
    kept = client.post("/v1/issues", json=numpy | {"despite_faults": True, "id": "numpy-float-again"})
    assert kept.status_code == 201
    assert client.delete("/v1/issues/written/numpy-float-again").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", "/v1/issues", {"title": "x"}, 422),
        ("POST", "/v1/issues", TAPIR | {"id": "../x"}, 422),
        ("POST", "/v1/issues", TAPIR | {"nonsense": 1}, 422),
        ("POST", "/v1/issues", TAPIR | {"incident": "00000000ffff"}, 404),
        ("PUT", "/v1/issues/starter/numpy-float", TAPIR, 404),
        ("GET", "/v1/issues?limit=0", None, 422),
        ("GET", "/v1/incidents?verdict=clean", None, 422),
        ("GET", "/v1/incidents/last", None, 404),
        ("GET", "/v1/incidents/00000000ffff", None, 404),
        ("POST", "/v1/incidents/groups", {"decision": "merge", "incidents": ["00000000ffff", "00000000fffe"]}, 404),
        ("POST", "/v1/incidents/groups", {"decision": "merge", "incidents": ["00000000ffff"]}, 422),
        ("POST", "/v1/incidents/groups", {"decision": "join", "incidents": ["a", "b"]}, 422),
        ("POST", "/v1/documents", {"file": "x"}, 415),
    ],
)
def test_bad_requests_have_the_one_shape(client: httpx.Client, method: str, path: str, sent: Any, status: int) -> None:
    fault(client.request(method, path, json=sent), status)


def test_what_comes_from_a_document_is_not_changed(client: httpx.Client) -> None:
    shipped = client.get("/v1/issues", params={"source": "starter", "limit": 1}).json()["issues"][0]["key"]
    assert "cannot be changed" in fault(client.put(f"/v1/issues/{shipped}", json=TAPIR), 422)["what"]
    assert "cannot be changed" in fault(client.delete(f"/v1/issues/{shipped}"), 422)["what"]


def seen(client: httpx.Client, error: str, place: str) -> str:
    log = f'Traceback (most recent call last):\n  File "/srv/{place}.py", line 3, in {place}\n    go()\n{error}\n'
    return str(client.post("/v1/diagnose", params={"name": f"{place}.log"}, content=log).json()["incident"])


def test_incidents_are_listed_with_their_trend_merged_and_split(client: httpx.Client) -> None:
    ids = [seen(client, "okapi.Hoof: stumbles", "meadow"), seen(client, "okapi.Tail: tangled", "river")]
    seen(client, "okapi.Hoof: stumbles", "meadow")
    found = client.get("/v1/incidents", params={"q": "OKAPI."}).json()
    assert found["total"] == 2
    hoof = next(one for one in found["incidents"] if "Hoof" in one["message"])
    assert (hoof["count"], hoof["source"], hoof["verdict"]) == (2, "meadow.log", "unknown")
    assert sum(day["count"] for day in hoof["trend"]) == 2
    assert client.get("/v1/incidents", params={"q": "okapi.", "verdict": "known"}).json()["total"] == 0
    second = client.get("/v1/incidents", params={"q": "okapi.", "limit": 1, "offset": 1}).json()["incidents"]
    assert second[0]["incident"] == hoof["incident"] or "Tail" in second[0]["message"]
    whole = client.get(f"/v1/incidents/{ids[0]}").json()
    assert whole["excerpt"][-1]["text"] == "okapi.Hoof: stumbles"

    def together(groups: dict[str, Any]) -> bool:
        ours = {one["incident"] for one in found["incidents"]}
        return any(ours <= set(group["incidents"]) for group in groups["groups"])

    assert not together(client.get("/v1/incidents/groups").json())
    merged = client.post("/v1/incidents/groups", json={"decision": "merge", "incidents": ids})
    assert merged.status_code == 201
    assert together(merged.json())
    group = next(one for one in merged.json()["groups"] if hoof["incident"] in one["incidents"])
    assert (group["count"], bool(group["joins"][0]["reason"])) == (3, True)
    split = client.post("/v1/incidents/groups", json={"decision": "split", "incidents": ids})
    assert not together(split.json())


def test_a_window_of_a_logs_lines_is_read_masked(client: httpx.Client) -> None:
    log = "".join(f"line {n} password=hunter2secret{n}\n" for n in range(1, 301))
    window = client.post("/v1/logs/lines", params={"first": 200, "count": 3}, content=log).json()
    assert ([one["line"] for one in window["lines"]], window["total"], window["next"]) == ([200, 201, 202], 300, 203)
    assert "hunter2secret" not in str(window)
    assert client.post("/v1/logs/lines", params={"first": 299}, content=log).json()["next"] is None
    fault(client.post("/v1/logs/lines", params={"first": 999}, content=log), 422)


def ended(client: httpx.Client, task: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: dict[str, Any] = client.get(f"/v1/tasks/{task}").raise_for_status().json()
        if found["standing"] not in ("queued", "running"):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.1)


def test_documents_are_learned_as_tasks_and_in_the_place_of_earlier_ones(client: httpx.Client) -> None:
    def learned(*files: tuple[str, str]) -> list[dict[str, Any]]:
        left = client.post("/v1/documents", files=[("file", file) for file in files])
        assert left.status_code == 202, left.text
        return [ended(client, one["task"]) for one in left.json()["tasks"]]

    text = "# quokka.Grin: too wide to parse\n\nThe quokka smiles at the lexer.\n\nTurn the quokka around.\n"
    first, other = learned(("runbook.md", text), ("folder/../odd.bin", "\0\0\0"))
    assert (first["standing"], first["kind"], first["result"]["source"]) == ("done", "learn", "uploaded:runbook.md")
    assert first["result"]["added"] == 1
    assert (other["name"], other["result"]["added"]) == ("odd.bin", 0)
    assert sum(other["result"]["skipped"].values()) == 1
    found = client.get("/v1/search", params={"q": "quokka.Grin: too wide to parse"}).json()["results"][0]
    assert found["source"] == "uploaded:runbook.md"
    (again,) = learned(("runbook.md", text))
    assert (again["result"]["added"], again["result"]["unchanged"]) == (0, 1)
    (changed,) = learned(("runbook.md", text.replace("around", "upside down")))
    assert changed["result"]["changed"] + changed["result"]["removed"] == 1, "the earlier text is gone"
    (only,) = client.get("/v1/issues", params={"source": "uploaded:runbook.md"}).json()["issues"]
    assert "upside down" in str(only)
    fault(client.post("/v1/documents", files=[("file", ("..", "x"))]), 422)
    fault(client.post("/v1/documents", files=[("note", (None, "no file"))]), 422)
