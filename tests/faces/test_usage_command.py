"""`mcp-rag usage`: what language models were asked, what they took, and what that cost by the prices that are set."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from server_process import mcp_rag

from chat_server import say, serving

LOG = (
    'Traceback (most recent call last):\n  File "/srv/newt.py", line 3, in go\n    go()\nnewt.Slip: the newt fell in\n'
)
READING = {"cause": {"text": "It fell.", "lines": [4], "issues": []}, "fix": [], "commands": [], "cannot_tell": ""}
TOKENS = {"prompt_tokens": 1_500, "completion_tokens": 250}


def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """The model *counting* tells its tokens, *silent* does not, *broken* fails."""
    if handler.path != "/v1/chat/completions":
        return say(handler, {}, 404)
    if body["model"] == "broken":
        return say(handler, {"error": "no such model"}, 400)
    told = {"choices": [{"message": {"content": json.dumps(READING)}, "finish_reason": "stop"}]}
    return say(handler, told | ({"usage": TOKENS} if body["model"] == "counting" else {}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which three models were asked: *counting* twice, the others once."""
    place = tmp_path_factory.mktemp("usage")
    (place / "x.log").write_text(LOG)
    with serving(answer, {"/v1/models": {"data": [{"id": "counting", "max_model_len": 8192}]}}) as (url, _):
        for model in ("counting", "silent", "broken", "counting"):
            settings = {"MCP_RAG_STARTER": "off", "MCP_RAG_CHAT_BASE_URL": url, "MCP_RAG_CHAT_MODEL": model}
            assert mcp_rag(place / "home", "diagnose", place / "x.log", **settings).returncode == 0
    return place / "home"


def spent(home: Path, prices: str) -> dict[str, dict[str, Any]]:
    told = mcp_rag(home, "usage", "--json", "--days", "1", MCP_RAG_CHAT_PRICES=prices)
    assert told.returncode == 0, told.stderr.decode()
    return {row["model"]: row for row in map(json.loads, told.stdout.splitlines())}


def test_tokens_and_costs_of_each_model(home: Path) -> None:
    rows = spent(home, "counting=2/10, *=1/1")
    counting, silent, broken = rows["counting"], rows["silent"], rows["broken"]
    assert (counting["calls"], counting["failed"], counting["estimated"]) == (2, 0, False)
    assert (counting["prompt_tokens"], counting["completion_tokens"]) == (3_000, 500)
    assert counting["cost"] == pytest.approx((3_000 * 2 + 500 * 10) / 1_000_000)
    assert silent["estimated"]
    assert silent["cost"] == pytest.approx(
        (silent["prompt_tokens"] + silent["completion_tokens"]) / 1_000_000, abs=1e-6
    )
    assert silent["prompt_tokens"] > 100
    assert (broken["calls"], broken["failed"], broken["completion_tokens"]) == (1, 1, 0)


def test_a_model_without_a_price_costs_nothing_that_is_known(home: Path) -> None:
    rows = spent(home, "silent=0/0")
    assert rows["counting"]["cost"] is None
    assert rows["silent"]["cost"] == 0


def test_people_read_it_with_what_is_estimated_marked(home: Path) -> None:
    told = mcp_rag(home, "usage", MCP_RAG_CHAT_PRICES="counting=2/10").stdout.decode()
    (counting,) = [line for line in told.splitlines() if line.startswith("counting")]
    assert "2 calls (0 failed)  3,000 + 500 tokens" in counting
    assert counting.endswith("cost 0.0110")
    (silent,) = [line for line in told.splitlines() if line.startswith("silent")]
    assert "~" in silent
    assert "cost" not in silent


@pytest.mark.parametrize("prices", ["counting", "counting=1", "counting=a/b", "counting=-1/2", "=1/2"])
def test_a_price_of_another_form_is_refused(home: Path, prices: str) -> None:
    told = mcp_rag(home, "usage", MCP_RAG_CHAT_PRICES=prices)
    assert told.returncode == 2
    assert b"chat_prices" in told.stderr
    assert not told.stdout


def test_without_any_call_it_says_so(tmp_path: Path) -> None:
    assert mcp_rag(tmp_path / "home", "usage").stdout == b"No language model was asked yet.\n"
