"""What the client says to a server, carried by no network: patience, tasks, errors, masking."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from mcp_rag.client.bodies import Limits, body_of, log_of
from mcp_rag.client.clients import Client
from mcp_rag.client.exchanges import Ask, Lost, Pause, Reply, asked
from mcp_rag.errors import (
    InputError,
    KnowledgeError,
    LedgerError,
    McpRagError,
    NotFound,
    OversizedLog,
    RemoteBusy,
    RemoteError,
    RemoteRefused,
    RemoteUnreachable,
    SettingsError,
)
from mcp_rag.logs.redaction import Redactor

SERVER = "http://127.0.0.1:1"
ASK = Ask("GET", "/v1/x")


def fault(status: int, what: str = "", **headers: str) -> Reply:
    return Reply(status, headers, {"error": {"what": what, "why": "so", "next": "do"}} if what else None)


def carried(backs: list[Reply | Lost], ask: Ask = ASK, *, repeatable: bool = True) -> tuple[Any, list[Ask | Pause]]:
    """The answer to ``ask`` where these come back one after the other, and all that was asked and waited."""
    exchange, said, back = asked(ask, lambda body: body["value"], SERVER, repeatable=repeatable), [], None
    left = list(backs)
    try:
        while True:
            step = exchange.send(back)
            said.append(step)
            back = left.pop(0) if isinstance(step, Ask) else None
    except StopIteration as done:
        return done.value, said


GOOD = Reply(200, {}, {"value": 7})


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    answer, said = carried([Lost("refused", sent=False), fault(502), Reply(429, {"retry-after": "3"}, None), GOOD])
    assert answer == 7
    assert [step.seconds for step in said if isinstance(step, Pause)] == [0.25, 0.5, 3.0]


@pytest.mark.parametrize(
    ("backs", "kind", "told"),
    [
        ([Lost("refused", sent=False)] * 4, RemoteUnreachable, "does not answer: refused"),
        ([fault(401, "No valid token")], RemoteRefused, "No valid token. Set MCP_RAG_TOKEN to a token"),
        ([fault(403)], RemoteRefused, "Set MCP_RAG_TOKEN"),
        ([fault(404, "There is no incident x")], NotFound, "There is no incident x: so. do."),
        ([fault(413, "Too large")], OversizedLog, "Too large"),
        ([fault(422, "No log")], InputError, "No log"),
        ([fault(503, "The index failed")], KnowledgeError, "The index failed"),
        ([fault(503, "The ledger cannot be opened")], LedgerError, "cannot be opened"),
        ([Reply(429, {"retry-after": "3600"}, None)], RemoteBusy, "is busy"),
        ([fault(500)], RemoteError, "status 500"),
        ([Reply(200, {}, None)], RemoteError, "its answer lacks"),
        ([Reply(200, {}, {"other": 1})], RemoteError, "its answer lacks"),
        ([Reply(202, {}, {})], RemoteError, "named no task"),
        ([Reply(202, {"location": "https://evil.test/v1/tasks/1"}, {})], RemoteError, "named no task"),
        (
            [Reply(202, {}, {"task": "a"}), Reply(200, {}, {"standing": "cancelled"})],
            RemoteError,
            "the task is cancelled",
        ),
        ([Reply(202, {}, {"task": "a"}), Reply(200, {}, {})], RemoteError, "no standing"),
    ],
)
def test_what_a_server_says_is_the_error(backs: list[Reply | Lost], kind: type[McpRagError], told: str) -> None:
    with pytest.raises(McpRagError) as error:
        carried(backs)
    assert type(error.value) is kind
    assert told in str(error.value)


def test_what_may_have_been_written_down_is_not_asked_twice() -> None:
    with pytest.raises(RemoteUnreachable):
        carried([Lost("read timed out", sent=True), GOOD], repeatable=False)
    assert carried([Lost("refused", sent=False), GOOD], repeatable=False)[0] == 7
    assert carried([Lost("read timed out", sent=True), GOOD])[0] == 7


@pytest.mark.parametrize(
    ("taken", "path"),
    [
        (Reply(202, {"location": "/v1/tasks/a%2Fb?x=1"}, {}), "/v1/tasks/a%2Fb?x=1"),
        (Reply(202, {"location": f"{SERVER}/v1/tasks/7"}, {}), "/v1/tasks/7"),
        (Reply(202, {}, {"task": "a/b"}), "/v1/tasks/a%2Fb"),
        (Reply(202, {}, {"id": 7}), "/v1/tasks/7"),
    ],
)
def test_work_that_takes_long_is_followed_to_its_end(taken: Reply, path: str) -> None:
    running = Reply(200, {"retry-after": "2"}, {"standing": "running"})
    done = Reply(200, {}, {"standing": "done", "result": {"value": 9}})
    answer, said = carried([taken, running, fault(502), running, done], Ask("POST", "/v1/diagnose"))
    assert answer == 9
    assert [step.path for step in said if isinstance(step, Ask)] == ["/v1/diagnose", *[path] * 4]
    assert [step.seconds for step in said if isinstance(step, Pause)] == [0.2, 2.0, 0.25, 2.0]


def test_a_task_that_failed_has_its_error() -> None:
    error = {"what": "The request holds no log", "why": "", "next": "", "status": 422}
    with pytest.raises(InputError, match="holds no log"):
        carried([Reply(202, {}, {"task": "a"}), Reply(200, {}, {"standing": "failed", "error": error})])


KEY = ["-----BEGIN RSA PRIVATE KEY-----", *["A" * 64] * 40, "-----END RSA PRIVATE KEY-----"]


def test_a_log_is_masked_and_compressed_and_its_lines_keep_their_numbers() -> None:
    lines = [
        *[f"line {n}" for n in range(40_000)],
        "password=hunter2secret99",
        *KEY,
        "\x1b[31mred\x1b[0m \x00 \r x",
        "end",
    ]
    data = "\n".join(lines).encode() + b"\xff\xfe"
    body = body_of(log_of(data, Limits(None)), Limits(Redactor()))
    assert len(body) < len(data) / 3
    sent = gzip.decompress(body).split(b"\n")
    assert len(sent) == len(lines)
    assert sent[:40_000] == [line.encode() for line in lines[:40_000]]
    assert b"hunter2secret99" not in b"\n".join(sent)
    assert b"AAAAAAAA" not in b"\n".join(sent)
    assert sent[-2:] == [b"\x1b[31mred\x1b[0m \x00 \r x", b"end\xff\xfe"]
    assert body_of(log_of(b"short\n", Limits(None)), Limits(None)) == b"short\n"


def test_a_private_key_is_masked_wherever_a_block_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_rag.logs.log.BLOCK_BYTES", 1)
    monkeypatch.setattr("mcp_rag.logs.log.GROUP_BYTES", 1)
    for before in range(50, 70, 3):
        lines = [*["x"] * before, *KEY, *["y"] * 200]
        body = body_of(log_of("\n".join(lines).encode(), Limits(None)), Limits(Redactor()))
        assert b"AAAAAAAA" not in body
        assert len(body.split(b"\n")) == len(lines)


@pytest.mark.parametrize(
    ("url", "token", "told"),
    [
        ("localhost:8765", "", "does not begin with http"),
        ("http://", "", "does not begin with http"),
        ("ftp://x", "", "does not begin with http"),
        ("http://me:pw@x", "", "holds more than an address"),
        ("http://[::1", "", "is no address"),
        ("http://mcp-rag.test", "t", "Will not send a token"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_wrong_setting(url: str, token: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Client(url, token)
