"""What the server does besides the questions themselves: chat clients, alerts, metrics, rates, the audit log, its page of
documentation, and whatever a fuzzer sends."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import zstandard
from server_process import ServerProcess, mcp_rag

LOG = """\
collected 3 herons
Traceback (most recent call last):
  File "/srv/heron/app.py", line 3, in go
    fly()
heron.WingFault: the left heron refuses gate `7` <script>alert(1)</script>
"""

CLEAN = "collected 2 items\n\ntests/test_errors.py ..   [100%]\n\n========== 2 passed in 0.12s ==========\n"


@pytest.fixture
def client(small: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=small.url, timeout=300) as asking:
        yield asking


@pytest.fixture
def chat(small: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{small.url}/v1", api_key="none", timeout=300, max_retries=0) as asking:
        yield asking


def said(chat: openai.OpenAI, text: str) -> str:
    answer = chat.chat.completions.create(model="mcp-rag", messages=[{"role": "user", "content": text}])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    return answer.choices[0].message.content or ""


def test_a_chat_client_gets_a_log_diagnosed(chat: openai.OpenAI) -> None:
    assert [model.id for model in chat.models.list()] == ["mcp-rag"]
    assert chat.models.retrieve("mcp-rag").owned_by == "mcp-rag"
    answer = said(chat, LOG)
    assert "The left gate is shut" in answer
    assert "heronctl gate open --all" in answer
    assert "line 5: `` heron.WingFault: the left heron refuses gate `7` <script>alert(1)</script> ``" in answer
    assert "heron-wing-fault`" in answer
    assert "<https://heron.example/docs/gates>" in answer


def test_a_chat_client_reads_a_stream(chat: openai.OpenAI) -> None:
    asked = {
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": LOG}],
    }
    chunks = list(chat.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))  # type: ignore[call-overload]
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(texts) > 3
    assert "The left gate is shut" in "".join(texts)
    assert chunks[-1].usage.completion_tokens > 0


def test_a_chat_client_asks_in_words(chat: openai.OpenAI) -> None:
    assert "Open the gate before the heron flies" in said(chat, "heron.WingFault: the right heron refuses gate 9")
    assert "Paste the log" in said(chat, "Hello, how are you today?")
    assert "请粘贴日志" in said(chat, "你好")
    assert said(chat, CLEAN) == "Nothing failed in this log."
    assert "Paste the log" in said(chat, " ")
    unknown = said(chat, LOG.replace("heron.WingFault: the left heron", "otter.TailFault: the brown otter"))
    assert "Nothing known matches" in unknown
    near = said(chat, "The DiskPressure of lantern shelves, when the heron refuses a gate that is shut")
    assert "none of which matches" in near
    assert "heron-wing-fault`" in near


def test_a_chat_request_that_cannot_be_is_told(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        chat.chat.completions.create(model="mcp-rag", messages=[])
    with pytest.raises(openai.UnprocessableEntityError):
        chat.chat.completions.create(model="mcp-rag", messages=[{"role": "owl", "content": "x"}])  # type: ignore[list-item,misc]


def test_an_alert_gets_its_runbook_entry(client: httpx.Client) -> None:
    fault = "heron.WingFault: the left heron refuses gate 4"
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "HeronDown"},
            "annotations": {"description": fault},
            "fingerprint": "a1",
        },
        {
            "status": "firing",
            "labels": {"alertname": "WatchdogZzz"},
            "annotations": {},
            "startsAt": "2026-01-01T00:00:00Z",
        },
        {"status": "resolved", "labels": {}, "annotations": {}},
    ]
    answer = client.post("/v1/alerts", json={"version": "4", "groupKey": "x", "alerts": alerts})
    assert answer.status_code == 200, answer.text
    known, unknown, empty = answer.json()["alerts"]
    assert (known["fingerprint"], known["alertname"], known["match"]) == ("a1", "HeronDown", True)
    assert "Open the gate" in known["markdown"]
    assert (unknown["match"], unknown["issue"], empty["match"], empty["nearest"]) == (False, None, False, [])
    assert client.post("/v1/alerts", json={"alerts": [{}] * 201}).status_code == 422


def test_prometheus_reads_what_was_counted(client: httpx.Client) -> None:
    client.post("/v1/diagnose", content=LOG)
    client.get("/no/such/path/quetzal")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    counts = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    assert counts['mcp_rag_requests_total{method="POST",route="/v1/diagnose",status="200"}'] >= 1
    assert counts['mcp_rag_requests_total{method="GET",route="other",status="404"}'] >= 1
    assert counts['mcp_rag_diagnoses_total{verdict="known"}'] >= 1
    assert counts['mcp_rag_request_seconds_count{route="/v1/diagnose"}'] >= 1
    assert counts["mcp_rag_known_issues"] >= 1
    assert "quetzal" not in answer.text


def test_the_documentation_is_a_page_that_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert (page.status_code, "http" in page.text) == (200, False)
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for path in ("/docs/start.js", "/docs/files/swagger-ui-bundle.js", "/docs/files/swagger-ui.css"):
        assert client.get(path).status_code == 200
    assert client.get("/docs/files/core.py").status_code == 404


def test_who_did_what_is_written_down_and_never_what_a_log_said(small: ServerProcess, client: httpx.Client) -> None:
    client.post("/v1/diagnose", content=LOG)
    client.get("/v1/search", params={"q": "kingfisher"})
    client.get("/healthz")
    rows = [json.loads(line) for line in mcp_rag(small.home, "audit", "--json", "--since", "1h").stdout.splitlines()]
    mine = [row for row in rows if row["path"] == "/v1/diagnose"]
    assert {(row["caller"], row["team"], row["method"], row["status"]) for row in mine} == {
        ("local", "default", "POST", 200)
    }
    assert not [row for row in rows if row["path"] == "/healthz"]
    kept = (small.home / "audit.jsonl").read_text()
    assert ("WingFault" in kept, "kingfisher" in kept) == (False, False)
    assert mcp_rag(small.home, "audit", "--caller", "nobody").stdout == b""


def test_a_caller_that_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = mcp_rag(home, "tokens", "create", "--name", "eager", "--json").stdout
    token = json.loads(made)["token"]
    with (
        ServerProcess(home, MCP_RAG_STARTER="off", MCP_RAG_SERVE_RATE="5/hour") as server,
        httpx.Client(base_url=server.url, timeout=300) as asking,
    ):
        statuses = [
            asking.get("/v1/incidents", headers={"authorization": f"Bearer {token}"}).status_code for _ in range(7)
        ]
        assert statuses == [200] * 5 + [429] * 2
        late = asking.get("/v1/incidents", headers={"authorization": f"Bearer {token}"})
        assert int(late.headers["retry-after"]) > 0
        assert late.json()["error"]["next"].startswith("Try again in")
        wrong = [asking.get("/v1/incidents", headers={"authorization": f"Bearer w{n}"}).status_code for n in range(65)]
        assert (wrong[0], wrong[-1]) == (401, 429)
        assert asking.get("/healthz").status_code == 200
    assert b"429" in mcp_rag(home, "audit", "--caller", "eager").stdout


def test_a_rate_that_is_none_is_refused(tmp_path: Path) -> None:
    done = mcp_rag(tmp_path / "home", "serve", "--port", "0", MCP_RAG_SERVE_RATE="often")
    assert (done.returncode, b"MCP_RAG_SERVE_RATE" in done.stderr) == (2, True)


def test_a_head_is_asked_like_a_get_and_has_no_body(client: httpx.Client) -> None:
    for path in ("/healthz", "/", "/v1/incidents", "/openapi.json"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
        assert answer.headers["content-type"] == client.get(path).headers["content-type"]
    assert client.head("/v1/nothing").status_code == 404
    assert client.head("/v1/diagnose").status_code == 405


def file_part(data: bytes, name: str = "build.log", head: str = "data:text/plain;base64,") -> dict[str, object]:
    return {"type": "file", "file": {"filename": name, "file_data": head + base64.b64encode(data).decode()}}


def test_a_chat_client_attaches_logs(chat: openai.OpenAI) -> None:
    def answer(*parts: object) -> str:
        message: Any = {"role": "user", "content": parts}
        told = chat.chat.completions.create(model="mcp-rag", messages=[message])
        return told.choices[0].message.content or ""

    what = {"type": "text", "text": "What went wrong here?"}
    for data, head in ((LOG.encode(), "data:text/plain;base64,"), (gzip.compress(LOG.encode()), "")):
        assert "The left gate is shut" in answer(what, file_part(data, head=head))
    secret = "ghp_" + "a1B2" * 9
    told = answer(file_part(LOG.replace("go\n", f"go({secret})\n").replace("heron.", f"{secret} heron.").encode()))
    assert secret not in told
    both = answer({"type": "text", "text": LOG}, file_part(CLEAN.encode(), "../`clean`.log"))
    assert "## `` `clean`.log ``\n\nNothing failed in this log." in both
    assert both.index("Nothing failed") < both.index("## `message`") < both.index("The left gate is shut")
    assert "正常" not in answer({"type": "text", "text": "哪里出错了？"}, file_part(CLEAN.encode()))


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}


@pytest.mark.parametrize(
    ("part", "status", "said"),
    [
        (IMAGE, 400, "Only texts and files are read, and a part is of type 'image_url'"),
        (AUDIO, 400, "'input_audio'"),
        ({"type": "file", "file": {"file_id": "file-123"}}, 400, "no files are stored here"),
        ({"type": "file", "file": {"filename": "a.log"}}, 400, "'a.log' holds no file_data"),
        ({"type": "file"}, 400, "holds no file_data"),
        ({"type": "file", "file": {"file_data": "data:text/plain,plain"}}, 400, "without base64"),
        ({"type": "file", "file": {"file_data": "&&&"}}, 400, "is no base64"),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64,"}}, 400, "holds nothing"),
        (file_part(b"%PDF-1.7\n", "a.pdf"), 422, "a.pdf"),
    ],
)
def test_a_part_that_is_not_read_is_refused_and_it_is_said_what_is(
    client: httpx.Client, part: dict[str, object], status: int, said: str
) -> None:
    for stream in (False, True):
        asked = {"messages": [{"role": "user", "content": [part]}], "stream": stream}
        told = client.post("/v1/chat/completions", json=asked)
        assert told.status_code == status, told.text
        assert said in told.json()["error"]["message"]
    beside = {"messages": [{"role": "user", "content": [{"type": "text", "text": LOG}, part]}]}
    assert client.post("/v1/chat/completions", json=beside).status_code == status, "nothing is passed over unsaid"
    later = [{"role": "user", "content": [part]}, {"role": "user", "content": LOG}]
    assert client.post("/v1/chat/completions", json={"messages": later}).status_code == 200, "only the last is read"


def test_no_more_files_are_read_than_a_few(client: httpx.Client) -> None:
    asked = {"messages": [{"role": "user", "content": [file_part(b"x")] * 11}]}
    told = client.post("/v1/chat/completions", json=asked)
    assert (told.status_code, "At most 10 files" in told.text) == (400, True)


def packed_json(value: object, coding: str) -> bytes:
    packs: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "bzip2": bz2.compress,
        "xz": lzma.compress,
        "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
        "zstd": zstandard.ZstdCompressor().compress,
    }
    return packs[coding](json.dumps(value).encode())


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "bzip2", "xz", "lzma", "zstd"])
def test_a_json_body_may_come_packed(client: httpx.Client, coding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}
    told = client.post("/v1/diagnose", content=packed_json({"text": LOG}, coding), headers=headers)
    assert (told.status_code, told.json()["verdict"]) == (200, "known"), told.text
    asked = {"model": "mcp-rag", "messages": [{"role": "user", "content": LOG}]}
    told = client.post("/v1/chat/completions", content=packed_json(asked, coding), headers=headers)
    assert "The left gate is shut" in told.json()["choices"][0]["message"]["content"]
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "diagnose_log", "arguments": {"text": LOG}},
    }
    accept = {"accept": "application/json, text/event-stream"}
    told = client.post("/mcp", content=packed_json(call, coding), headers=headers | accept)
    assert "The left gate is shut" in told.text


def test_a_packed_form_is_read_and_a_packed_log_is_left_to_the_reader_of_logs(client: httpx.Client) -> None:
    form = httpx.Request("POST", "http://x", files={"log": LOG.encode()}, data={"versions": "{}"})
    headers = {"content-type": form.headers["content-type"], "content-encoding": "gzip"}
    told = client.post("/v1/diagnose", content=gzip.compress(form.read()), headers=headers)
    assert (told.status_code, told.json()["verdict"]) == (200, "known"), told.text
    long = ("all is well\n" * 50_000 + LOG).encode()
    assert len(long) > 300_000, "more than a request may have, unpacked"
    told = client.post("/v1/diagnose", content=gzip.compress(long), headers={"content-encoding": "gzip"})
    assert (told.status_code, told.json()["verdict"]) == (200, "known"), told.text


def test_a_packed_body_that_cannot_be_read_is_told_why(client: httpx.Client) -> None:
    whole = packed_json({"text": LOG}, "gzip")
    bomb = packed_json({"text": "a" * 400_000}, "gzip")
    cases = (
        (bomb, "gzip", 413, "300,000 bytes"),
        (gzip.compress(whole), "gzip, gzip", 415, "one at a time"),
        (whole, "br", 415, "gzip, bzip2, xz, lzma, zstd"),
        (whole, "deflate", 415, "'deflate'"),
        (whole[:-9], "gzip", 400, "cut off"),
        (json.dumps({"text": LOG}).encode(), "gzip", 400, "gzip data is damaged"),
        (b"", "gzip", 422, "its body is empty"),
    )
    for body, coding, status, said in cases:
        headers = {"content-type": "application/json", "content-encoding": coding}
        told = client.post("/v1/diagnose", content=body, headers=headers)
        assert (told.status_code, said in told.json()["error"]["message"]) == (status, True), (coding, told.text)
        assert ("gzip" in told.headers.get("accept-encoding", "")) == (status == 415)
    plain = {"content-type": "application/json", "content-encoding": "identity"}
    assert client.post("/v1/diagnose", content=json.dumps({"text": LOG}), headers=plain).status_code == 200
