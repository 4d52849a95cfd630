"""The server of tools as it is put together."""

from __future__ import annotations

import pytest

from mcp_rag.faces.mcp import server
from mcp_rag.faces.serving.asking import asked_now


@pytest.mark.parametrize("is_traced", [True, False])
def test_spans_are_made_only_where_they_can_go_anywhere(monkeypatch: pytest.MonkeyPatch, is_traced: bool) -> None:
    monkeypatch.setattr(server, "_is_traced", lambda: is_traced)
    kinds = [type(one).__name__ for one in server.make_server(asked_now, ()).middleware]
    assert (server.TRACING in kinds) == is_traced, "the SDK calls it so"


def test_an_sdk_that_calls_it_otherwise_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "TRACING", "OfAnotherName")
    monkeypatch.setattr(server, "_is_traced", lambda: False)
    assert server.make_server(asked_now, ()).middleware
