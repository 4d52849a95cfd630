"""Failures that a tool tells in one line, without a word that all failures share."""

from __future__ import annotations

import pytest

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log


def kinds_of(text: str) -> list[str]:
    spans = find_failures(Log("test.log", text.encode()), 50)
    return [span.kind for span in spans if span.kind != "surroundings"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("exec /entrypoint.sh: no such file or directory", "container-exec"),
        ("web-1  | exec ./run.sh: no such file or directory", "container-exec"),
        ("standard_init_linux.go:228: exec user process caused: no such file or directory", "container-exec"),
        (
            "Access to fetch at 'http://a.test/x' from origin 'http://b.test' has been blocked by CORS policy: "
            "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
            "browser-cors",
        ),
        ("llama_model_load: error loading model: unknown model architecture: 'mill'", "llama-cpp"),
        ("main: exiting due to model loading error", "llama-cpp"),
        (
            "E0609 11:05:39.787741 697 model_repository_manager.cc:1242] failed to load 'mill' version 1: Unavailable",
            "triton-model",
        ),
        ('  "type": "illegal_argument_exception",', "elasticsearch-answer"),
        (
            '[plugin:vite:import-analysis] Failed to resolve import "./sack" from "src/mill.ts". Does it exist?',
            "vite-import",
        ),
        (
            '9:41:22 AM [vite] (client) Pre-transform error: Failed to resolve import "./sack" from "a.ts".',
            "vite-import",
        ),
        ("cart 7 -> OOM command not allowed when used memory > 'maxmemory'.", "redis"),
        ("Error 802: system not yet initialized", "cuda"),
        ("grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:", "exception"),
        ("celery.exceptions.NotRegistered: 'app.tasks.send'", "exception-of-module"),
        ("torch._dynamo.exc.Unsupported: call_function print", "exception-of-module"),
    ],
)
def test_a_line_that_fails_alone_opens_a_span(line: str, kind: str) -> None:
    assert kinds_of(f"starting\n{line}\n") == [kind]


@pytest.mark.parametrize(
    "line",
    [
        'level=info msg="no cache yet: open /var/cache/x: no such file or directory"',
        "sqlalchemy.exc.SAWarning: relationship X will copy column Y",
        "CORS policy loaded: 3 origins",
        "see requests.exceptions.Timeout: raised after 10 s of silence",
    ],
)
def test_a_line_that_only_looks_like_one_opens_none(line: str) -> None:
    assert kinds_of(f"starting\n{line}\ndone\n") == []


def test_a_message_that_ends_with_a_bracket_of_its_own_line_keeps_its_chain() -> None:
    text = """\
Traceback (most recent call last):
  File "channel.py", line 9, in call
    raise _InactiveRpcError(state)
grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:
\tstatus = StatusCode.UNAVAILABLE
\tdetails = "failed to connect to all addresses"
>

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "client.py", line 3, in <module>
    raise StoreError("no store at localhost:19530")
store.StoreError: no store at localhost:19530
"""
    span = find_failures(Log("test.log", text.encode()), 50)[0]
    assert (span.kind, span.first, span.last, span.key) == ("python-traceback", 1, 14, 14)
