"""REST, asked over a real socket."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import MAX_REQUEST_BYTES, ServerProcess, environment_for, mcp_rag

NUMPY = """\
collected 3 items
Traceback (most recent call last):
  File "/srv/app/train.py", line 12, in <module>
    main()
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""
CLEAN = "collected 2 items\n\ntests/test_errors.py ..   [100%]\n\n========== 2 passed in 0.12s ==========\n"


def python_log(error: str) -> str:
    return f'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in go\n    pay()\n{error}\n'


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=300) as asking:
        yield asking


def error_of(answer: httpx.Response, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    error: dict[str, str] = answer.json()["error"]
    assert set(error) == {"what", "why", "next", "message"}
    assert error["what"]
    return error


def diagnosed(client: httpx.Client, log: str | bytes, **headers: str) -> dict[str, Any]:
    answer = client.post("/v1/diagnose", content=log, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_answer_is_the_command_lines(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text(NUMPY)
    printed = mcp_rag(tmp_path / "home", "diagnose", "--json", tmp_path / "build.log").stdout
    served = diagnosed(client, NUMPY)
    assert served["verdict"] == "known"
    apart = {"source", "history", "worded_by"}
    assert {k: v for k, v in served.items() if k not in apart} == {
        k: v for k, v in json.loads(printed).items() if k not in apart
    }
    assert served.keys() == json.loads(printed).keys()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", NUMPY.encode()),
        ("application/octet-stream", gzip.compress(NUMPY.encode())),
        ("application/x-www-form-urlencoded", NUMPY.encode()),
        ("application/json; charset=utf-8", json.dumps({"text": NUMPY}).encode()),
    ],
)
def test_a_log_comes_plain_compressed_as_curl_sends_it_or_in_json(client: httpx.Client, kind: str, body: bytes) -> None:
    answer = client.post("/v1/diagnose", params={"name": "ci/7"}, content=body, headers={"content-type": kind})
    assert (answer.json()["verdict"], answer.json()["source"]) == ("known", "ci/7")


def test_a_fix_in_ones_own_words_answers_the_next_log(client: httpx.Client) -> None:
    first = diagnosed(client, python_log("acme.PaymentRefused: the ledger of shop 17 refuses currency XTS"))
    assert (first["verdict"], first["history"]) == ("unknown", None)
    fix = "Enable test currencies in acme.toml; password=hunter2secret99"
    answer = client.post("/v1/outcomes", json={"incident": first["incident"], "outcome": "confirmed", "fix": fix})
    assert answer.status_code == 201, answer.text
    key = answer.json()["issue"]
    again = diagnosed(client, python_log("acme.PaymentRefused: the ledger of shop 17 refuses currency XTS"))
    assert again["verdict"] == "known"
    assert "Enable test currencies" in again["fix"]
    assert again["history"]["count"] == 1
    assert "Enable test currencies" in again["history"]["fixed_by"]
    issue = client.get(f"/v1/issues/{key}").json()
    assert (issue["key"], issue["standing"]) == (key, {"helped": 1, "failed": 0})
    assert "hunter2secret99" not in issue["fix"], "secrets are masked before anything is stored"
    rejected = client.post("/v1/outcomes", json={"incident": first["incident"], "outcome": "rejected"})
    assert (rejected.status_code, rejected.json()["issue"]) == (201, key)
    seen = client.get("/v1/incidents", params={"limit": 100}).json()["incidents"]
    (mine,) = [one for one in seen if first["incident"].startswith(one["incident"])]
    assert (mine["count"], mine["verdict"], mine["issue"]) == (2, "known", key)


def test_search_names_issues_that_can_be_read(client: httpx.Client) -> None:
    found = client.get("/v1/search", params={"q": "module 'numpy' has no attribute 'float'", "limit": 3}).json()
    assert found["match"]
    assert 1 <= len(found["results"]) <= 3
    best = found["results"][0]
    issue = client.get(f"/v1/issues/{best['source']}/{best['id']}").json()
    assert (issue["id"], issue["title"]) == (best["id"], best["title"])
    assert client.get(f"/v1/issues/{best['id']}").json() == issue


def test_extract_shows_the_failing_lines(client: httpx.Client) -> None:
    spans = client.post("/v1/extract", content=NUMPY).json()["spans"]
    assert (spans[0]["first"], spans[0]["last"], spans[0]["key"]) == (2, 7, 7)
    assert [one["line"] for one in spans[0]["excerpt"]] == [2, 3, 4, 5, 6, 7]
    many = "".join(f"src/a.c:{n}:5: error: 'x{n}' undeclared\n" for n in range(1, 200))
    spans = client.post("/v1/extract", params={"lines": 20}, content=many).json()["spans"]
    assert 0 < sum(len(span["excerpt"]) for span in spans) <= 20
    assert client.post("/v1/extract", content=CLEAN).json()["spans"] == []


def test_it_says_that_it_lives_and_is_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready["issues"] > 0
    assert ready["index"]["engine"].startswith("Milvus")


OUTCOME = {"incident": "00000000ffff", "outcome": "confirmed"}


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", "/v1/diagnose", {"content": b""}, 422),
        ("POST", "/v1/diagnose", {"json": {"text": ""}}, 422),
        ("POST", "/v1/diagnose", {"json": ["text"]}, 422),
        ("POST", "/v1/diagnose", {"content": b"{", "headers": {"content-type": "application/json"}}, 422),
        ("POST", "/v1/diagnose", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 422),
        ("POST", "/v1/diagnose", {"files": {"good": b"fine"}}, 422),
        ("POST", "/v1/tasks/diagnose", {"files": {"log": b"ERROR"}}, 415),
        ("POST", "/v1/diagnose", {"content": gzip.compress(b"x")[:9]}, 422),
        ("POST", "/v1/diagnose", {"content": gzip.compress(bytes(100_000_000), 9)}, 413),
        ("POST", "/v1/diagnose?name=" + "n" * 300, {"content": b"x"}, 422),
        ("POST", "/v1/extract?lines=0", {"content": b"x"}, 422),
        ("POST", "/v1/outcomes", {"json": OUTCOME}, 404),
        ("POST", "/v1/outcomes", {"json": OUTCOME | {"incident": "last"}}, 422),
        ("POST", "/v1/outcomes", {"json": OUTCOME | {"outcome": "perhaps"}}, 422),
        ("POST", "/v1/outcomes", {"json": OUTCOME | {"outcome": "rejected", "fix": "x"}}, 422),
        ("POST", "/v1/outcomes", {"json": OUTCOME | {"isue": "x"}}, 422),
        ("POST", "/v1/outcomes", {"content": b"{", "headers": {"content-type": "application/json"}}, 422),
        ("GET", "/v1/search", {}, 422),
        ("GET", "/v1/search?q=%20", {}, 422),
        ("GET", "/v1/search?q=x&limit=0", {}, 422),
        ("GET", "/v1/issues/nobody/knows", {}, 404),
        ("GET", "/v1/issues/%00", {}, 404),
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/v1/diagnose", {}, 405),
        ("OPTIONS", "/v1/diagnose", {"headers": {"access-control-request-method": "POST"}}, 405),
    ],
)
def test_faults_have_one_shape(client: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int) -> None:
    answer = client.request(method, path, **sent)
    error_of(answer, status)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/v1/diagnose", "/v1/outcomes", "/mcp"])
def test_a_request_too_large_is_refused_declared_or_streamed(client: httpx.Client, path: str) -> None:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    body = b'{"text": "' + b"x" * MAX_REQUEST_BYTES
    assert f"{MAX_REQUEST_BYTES:,}" in error_of(client.post(path, content=body, headers=headers), 413)["why"]

    def pieces() -> Iterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    error_of(client.post(path, content=pieces(), headers=headers), 413)
    assert client.get("/healthz").status_code == 200


def test_web_pages_of_elsewhere_cannot_ask(client: httpx.Client, server: ServerProcess) -> None:
    port = server.url.rpartition(":")[2]
    for host in (f"rebound.example:{port}", "127.0.0.1.rebound.example", "[", ""):
        for path in ("/v1/incidents", "/mcp"):
            error_of(client.get(path, headers={"host": host}), 421)
    for host in (f"localhost:{port}", f"[::1]:{port}", "127.0.0.1"):
        assert client.get("/v1/incidents", headers={"host": host}).status_code == 200
    for origin in ("https://elsewhere.example", "null", f"http://localhost:{port}"):
        for path in ("/v1/diagnose", "/mcp"):
            error_of(client.post(path, content=NUMPY, headers={"origin": origin, "content-type": "text/plain"}), 403)
    assert diagnosed(client, NUMPY, origin=server.url)["verdict"] == "known"


def test_what_a_log_says_is_shown_as_it_is_and_never_told_on(client: httpx.Client, server: ServerProcess) -> None:
    log = python_log("acme.Hostile: <script>alert(1)</script> \\u0000 'quetzal' {{7*7}} password=hunter2secret99")
    answer = client.post("/v1/diagnose", params={"name": "<b>"}, content=log)
    assert answer.headers["content-type"] == "application/json"
    assert "<script>alert(1)</script>" in answer.json()["failure"]["message"]
    assert "hunter2secret99" not in answer.text
    client.get("/v1/search", params={"q": "quetzal"})
    assert "quetzal" not in "".join(server.told)


def test_the_description_lists_every_path_and_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert {"/v1/diagnose", "/v1/extract", "/v1/search", "/v1/issues/{key}", "/v1/outcomes", "/v1/incidents"} <= set(
        described["paths"]
    )
    assert "text/plain" in described["paths"]["/v1/diagnose"]["post"]["requestBody"]["content"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert "FaultAnswer" in named
    assert named <= set(described["components"]["schemas"])


def test_the_application_is_loaded_without_what_only_an_answer_needs() -> None:
    script = (
        "import sys, mcp_rag.faces.rest.app, mcp_rag.wiring\n"
        "sys.exit(' '.join({'numpy', 'onnxruntime', 'pymilvus', 'mcp', 'alembic'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


def test_many_ask_at_once(client: httpx.Client) -> None:
    log = python_log("acme.Crowded: seven otters juggle lanterns")

    def ask(number: int) -> str:
        if number % 2:
            return str(client.get("/v1/search", params={"q": f"otters {number}"}).status_code)
        return str(diagnosed(client, log)["incident"])

    with ThreadPoolExecutor(12) as crowd:
        answers = Counter(crowd.map(ask, range(24)))
    assert sorted(answers.values()) == [12, 12], answers
    assert answers["200"] == 12
    assert diagnosed(client, log)["history"]["count"] == 12


def test_elsewhere_than_on_loopback_only_a_token_lets_in(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    digests = [hashlib.sha256(token).hexdigest() for token in (b"one's token", b"another's")]
    tokens.write_text(f"# whose\n{digests[0].upper()}\n\n{digests[1]}\n")
    settings = {"MCP_RAG_SERVE_TOKENS_FILE": str(tokens), "MCP_RAG_STARTER": "off"}
    with ServerProcess(tmp_path / "home", "--host", "0.0.0.0", **settings) as guarded:
        url = guarded.url.replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=url, timeout=300) as client:
            for wrong in (None, "", "Bearer", "Bearer one's tokem", f"Bearer {digests[0]}", "Basic one's token"):
                headers = {"authorization": wrong} if wrong is not None else {}
                for path in ("/v1/incidents", "/openapi.json", "/mcp", "/v1/nothing"):
                    answer = client.get(path, headers=headers)
                    error_of(answer, 401)
                    assert answer.headers["www-authenticate"] == "Bearer"
            for right in ("Bearer one's token", "bearer another's"):
                assert client.get("/v1/incidents", headers={"authorization": right}).status_code == 200
            assert client.get("/healthz").status_code == 200
        assert guarded.stop(signal.SIGINT) == 0


def refused(tmp_path: Path, *arguments: object, **settings: str) -> tuple[int, str]:
    done = mcp_rag(tmp_path / "home", "serve", *arguments, **settings)
    return done.returncode, done.stderr.decode()


def test_it_refuses_to_start_unguarded_or_on_a_taken_port(tmp_path: Path) -> None:
    code, told = refused(tmp_path, "--host", "0.0.0.0", "--port", "0")
    assert (code, "MCP_RAG_SERVE_TOKENS_FILE" in told) == (2, True)
    assert not (tmp_path / "home").exists(), "refused before a home is made"
    secret = tmp_path / "tokens"
    secret.write_text("a-token-in-the-clear\n")
    code, told = refused(tmp_path, "--port", "0", MCP_RAG_SERVE_TOKENS_FILE=str(secret))
    assert (code, "sha256sum" in told, "a-token" in told) == (2, True, False)
    code, told = refused(tmp_path, "--port", "0", MCP_RAG_SERVE_TOKENS_FILE=str(tmp_path / "absent"))
    assert (code, "absent" in told) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, told = refused(tmp_path, "--port", taken.getsockname()[1])
    assert (code, "listens there already" in told) == (2, True)


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    program = "import sys; sys.modules['fastapi'] = None; from mcp_rag.faces.cli import main; main(['serve'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        timeout=300,
        env=environment_for(tmp_path / "home"),
    )
    assert done.returncode == 7
    assert b"pip install 'mcp-rag[serve]'" in done.stderr


def test_a_stop_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    log = "".join(f"12:00:{n % 60:02} INFO step {n} of the build went well\n" for n in range(50_000)) + NUMPY
    head = (
        f"POST /v1/diagnose HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(log)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with ServerProcess(tmp_path / "home") as stopping:
        address = httpx.URL(stopping.url)
        with socket.create_connection((address.host, address.port), timeout=300) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")  # from here on the server has the request
            connection.sendall(log.encode())
            assert stopping.stop() == 0
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 200
            assert json.loads(answer.read())["verdict"] == "known"
