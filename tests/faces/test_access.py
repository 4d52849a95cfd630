"""Who may ask what, and that teams see nothing of each other."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import ServerProcess, mcp_rag

SECRET_LOG = """\
Traceback (most recent call last):
  File "/srv/heron/app.py", line 3, in go
    fly()
heron.WingFault: the left heron refuses gate {number}
"""


def made(home: Path, name: str, *arguments: str) -> str:
    done = mcp_rag(home, "tokens", "create", "--name", name, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    token: str = json.loads(done.stdout)["token"]
    return token


def headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a token, so that its server is open to nobody without one; each test makes those that it needs."""
    place = tmp_path_factory.mktemp("access") / "home"
    made(place, "first")
    return place


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[ServerProcess]:
    # Without the known issues that ship, whose embedding takes most of a first search.
    with ServerProcess(home, MCP_RAG_STARTER="off") as server:
        yield server
        assert server.stop(signal.SIGTERM) == 0


@pytest.fixture
def client(served: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=120) as client:
        yield client


def call(client: httpx.Client, token: str, tool: str, **arguments: object) -> dict[str, Any]:
    """One tool call over the Model Context Protocol, as its current version sends it."""
    sent = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    accept = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    answer = client.post("/mcp", json=sent, headers=headers(token) | accept)
    assert answer.status_code == 200, answer.text
    # One message, as a server-sent event: the answer is a stream.
    (message,) = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    found: dict[str, Any] = json.loads(message)["result"]
    return found


def test_a_token_is_made_listed_and_revoked_and_kept_as_a_digest_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    token = made(home, "ci", "--team", "blue-1", "--scope", "read", "--expires", "90d")
    listed = json.loads(mcp_rag(home, "tokens", "list", "--json").stdout)
    assert (listed["name"], listed["team"], listed["scopes"], listed["standing"]) == ("ci", "blue-1", ["read"], "live")
    assert token.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert home.stat().st_mode & 0o077 == 0, "the ledger holds the key that signs sessions"
    assert (home / "ledger.db").stat().st_mode & 0o007 == 0
    twice = mcp_rag(home, "tokens", "create", "--name", "ci", "--team", "blue-1")
    assert (twice.returncode, b"already" in twice.stderr) == (3, True)
    assert mcp_rag(home, "tokens", "revoke", listed["id"]).returncode == 0
    assert b"revoked" in mcp_rag(home, "tokens", "list").stdout
    again = mcp_rag(home, "tokens", "revoke", "ci")
    assert (again.returncode, b"tokens list" in again.stderr) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--name", "x", "--team", "Blue"), 3),
        (("--name", "x", "--team", "../up"), 3),
        (("--name", "x", "--team", "a_b"), 3),
        (("--name", "x", "--scope", "root"), 3),
        (("--name", "x", "--scope", ","), 3),
        (("--name", " "), 3),
        (("--name", "x", "--expires", "90"), 2),
        (("--name", "x", "--expires", "99999w"), 2),
        ((), 2),
    ],
)
def test_a_token_that_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    assert mcp_rag(tmp_path / "home", "tokens", "create", *arguments).returncode == code


def test_scopes_bound_what_a_token_does(home: Path, client: httpx.Client) -> None:
    team = ("--team", "scoped")
    reader, writer = made(home, "reader", "--scope", "read", *team), made(home, "writer", "--scope", "write", *team)
    both = made(home, "both", *team)
    assert client.get("/v1/incidents").status_code == 401
    assert client.get("/v1/incidents", headers=headers("mcprag_wrong")).status_code == 401
    assert client.get("/v1/incidents", headers=headers(writer)).status_code == 403
    seen = client.post("/v1/diagnose", content=SECRET_LOG, headers=headers(reader)).json()
    said = {"incident": seen["incident"], "outcome": "confirmed", "fix": "Open the gate"}
    refused = client.post("/v1/outcomes", json=said, headers=headers(reader))
    assert (refused.status_code, "write" in refused.json()["error"]["what"]) == (403, True)
    told = call(client, reader, "record_outcome", **said)
    assert (told["isError"], "scope write" in told["content"][0]["text"]) == (True, True)
    assert not call(client, both, "record_outcome", **said).get("isError")
    assert client.post("/v1/outcomes", json=said, headers=headers(writer)).status_code == 201
    for path in ("/v1/diagnose", "/v1/tasks/diagnose", "/v1/diagnose/events"):
        refused = client.post(path, params={"job": "ci"}, content=SECRET_LOG, headers=headers(reader))
        assert (refused.status_code, "write" in refused.json()["error"]["what"]) == (403, True)
    assert client.get("/v1/jobs", headers=headers(reader)).json() == {"jobs": []}
    assert mcp_rag(home, "tokens", "revoke", "reader").returncode == 0
    late = made(home, "late", "--scope", "read", *team)
    assert client.get("/v1/incidents", headers=headers(late)).status_code == 200, "a running server knows it at once"


def test_an_admin_makes_and_revokes_the_tokens_of_its_team_and_sees_what_was_done(
    home: Path, client: httpx.Client
) -> None:
    admin, other = made(home, "chief", "--scope", "admin", "--team", "green"), made(home, "chief", "--team", "grey")
    assert client.get("/v1/tokens", headers=headers(other)).status_code == 403
    new = client.post("/v1/tokens", json={"name": "ci", "scopes": ["read"], "days": 30}, headers=headers(admin)).json()
    assert (new["team"], new["scopes"], new["standing"]) == ("green", ["read"], "live")
    assert client.get("/v1/incidents", headers=headers(new["token"])).status_code == 200
    assert client.post("/v1/issues", json={}, headers=headers(new["token"])).status_code == 403
    listed = client.get("/v1/tokens", headers=headers(admin)).text
    assert [(one["name"], one["team"]) for one in json.loads(listed)["tokens"]] == [("chief", "green"), ("ci", "green")]
    assert new["token"] not in listed
    mine = client.get("/v1/audit", params={"limit": 1000}, headers=headers(admin)).json()["rows"]
    assert {row["team"] for row in mine} == {"green"}
    assert ("ci", "/v1/incidents", 200) in [(row["caller"], row["path"], row["status"]) for row in mine]
    assert len(client.get("/v1/audit", params={"limit": 2}, headers=headers(admin)).json()["rows"]) == 2
    late = {"since": "2999-01-01T00:00:00"}
    assert client.get("/v1/audit", params=late, headers=headers(admin)).json() == {"rows": []}
    theirs = json.loads(mcp_rag(home, "tokens", "list", "--json").stdout.splitlines()[-2])
    assert (theirs["name"], theirs["team"]) == ("chief", "grey")
    assert client.delete(f"/v1/tokens/{theirs['id']}", headers=headers(admin)).status_code == 404
    assert client.delete(f"/v1/tokens/{new['id']}", headers=headers(admin)).status_code == 204
    assert client.delete("/v1/tokens/ci", headers=headers(admin)).status_code == 404
    ambiguous = mcp_rag(home, "tokens", "revoke", "chief")
    assert (ambiguous.returncode, b"2 tokens bear it" in ambiguous.stderr) == (4, True)
    assert mcp_rag(home, "tokens", "revoke", "chief", "--team", "grey").returncode == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": []},
        {"name": "x", "days": 0},
        {"name": "x", "team": "red"},
        {"name": "x" * 101},
    ],
)
def test_a_token_that_cannot_be_is_refused_by_the_server_too(home: Path, client: httpx.Client, wrong: object) -> None:
    admin = made(home, f"chief {wrong}"[:99], "--scope", "admin", "--team", "white")
    assert client.post("/v1/tokens", json=wrong, headers=headers(admin)).status_code == 422


def test_who_revoked_the_last_token_listens_to_nobody_from_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made(home, "short")
    assert mcp_rag(home, "tokens", "revoke", "short").returncode == 0
    before = {place.name for place in home.iterdir()}
    refused = mcp_rag(home, "serve", "--host", "0.0.0.0", "--port", 0)
    assert (refused.returncode, b"without tokens" in refused.stderr) == (2, True)
    assert {place.name for place in home.iterdir()} == before, "no index, no audit log"


def signed_in(client: httpx.Client, token: str) -> tuple[dict[str, str], str]:
    """The header of a browser that signed in by ``token``, and what its forms hold against forgery."""
    client.cookies.clear()
    forgery = re.search(r'name="forgery" value="([^"]+)"', client.get("/login").text)
    assert forgery
    signed = client.post("/login", data={"token": token, "forgery": forgery[1]})
    assert signed.status_code == 303, signed.text
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    client.cookies.clear()
    return {"cookie": cookie}, forgery[1]


def test_a_browsers_cookie_opens_for_this_servers_pages_alone(home: Path, client: httpx.Client) -> None:
    token = made(home, "browser")
    ours = str(client.base_url).rstrip("/")
    cookie, _ = signed_in(client, token)
    assert client.get("/v1/incidents", headers={"cookie": f"mcp_rag_session={token}"}).status_code == 401
    assert client.get("/v1/incidents", headers=cookie).status_code == 200
    send = {"url": "/v1/outcomes", "json": {"incident": "00000000ffff", "outcome": "confirmed"}}
    for more in ({}, {"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post(**send, headers=cookie | more).status_code == 403  # type: ignore[arg-type]
    for more in ({"origin": ours}, {"sec-fetch-site": "same-origin"}):
        assert client.post(**send, headers=cookie | more).status_code == 404  # type: ignore[arg-type]


def test_who_signs_out_ends_the_session_wherever_its_cookie_lies(home: Path, client: httpx.Client) -> None:
    token = made(home, "leaver")
    (left, forgery), (stays, _) = signed_in(client, token), signed_in(client, token)
    for cookie in (left, stays):
        assert client.get("/v1/incidents", headers=cookie).status_code == 200
    assert client.post("/logout", data={"forgery": "made up"}, headers=left).status_code == 403
    assert client.get("/v1/incidents", headers=left).status_code == 200, "another site's form signs nobody out"
    assert client.post("/logout", data={"forgery": forgery}, headers=left).status_code == 303
    client.cookies.clear()
    assert client.get("/v1/incidents", headers=left).status_code == 401, "a cookie that was copied is worth nothing"
    assert client.get("/v1/incidents", headers=stays).status_code == 200
    assert client.get("/v1/incidents", headers=headers(token)).status_code == 200
    assert mcp_rag(home, "tokens", "revoke", "leaver").returncode == 0
    assert client.get("/v1/incidents", headers=stays).status_code == 401, "a revoked token's sessions end at once"


def test_teams_see_nothing_of_each_other(home: Path, client: httpx.Client) -> None:
    everybody = made(home, "everybody")
    blue, red = made(home, "blue", "--team", "blue"), made(home, "red", "--team", "red-2")
    log = SECRET_LOG.format(number=7)
    seen = client.post("/v1/diagnose", content=log, headers=headers(blue)).json()
    said = {"incident": seen["incident"], "outcome": "confirmed", "fix": "Calm the heron with lanterns"}
    kept = client.post("/v1/outcomes", json=said, headers=headers(blue))
    assert kept.status_code == 201, kept.text
    assert client.post("/v1/diagnose", content=log, headers=headers(blue)).json()["verdict"] == "known"
    assert "lanterns" in json.dumps(call(client, blue, "diagnose_log", text=log))
    found = client.get("/v1/search", params={"q": "heron lanterns"}, headers=headers(blue)).json()
    assert found["results"][0]["source"] == "confirmed"
    for other in (red, everybody):
        assert client.get("/v1/incidents", headers=headers(other)).json() == {"incidents": [], "total": 0}
        assert client.get(f"/v1/issues/{kept.json()['issue']}", headers=headers(other)).status_code == 404
        assert client.post("/v1/outcomes", json=said, headers=headers(other)).status_code == 404
        found = client.get("/v1/search", params={"q": "heron lanterns"}, headers=headers(other))
        assert "confirmed" not in {one["source"] for one in found.json()["results"]}
        assert "lanterns" not in json.dumps(call(client, other, "get_known_issue", issue=kept.json()["issue"]))
        later = client.post("/v1/diagnose", content=log, headers=headers(other)).json()
        assert (later["verdict"], later["history"]) == ("unknown", None)
