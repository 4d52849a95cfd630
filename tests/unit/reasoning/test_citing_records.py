"""A record of JSON holds several texts: a citation quotes one of them, word for word."""

from __future__ import annotations

import json

import pytest

from mcp_rag.reasoning.composing import cite
from mcp_rag.records import Excerpt, Incident, Span


def _quoted(text: str) -> str:
    incident = Incident("f" * 16, Span(3, 3, 1.0, "record", key=3), text, text, excerpt=(Excerpt(3, text),))
    return cite(incident, None)[0].quote


@pytest.mark.parametrize(
    ("message", "more", "quote"),
    [
        ("Reconciler error", "tray 4: sensor and valve disagree (81%)", "tray 4: sensor and valve disagree (81%)"),
        (
            "job failed",
            'Traceback (most recent call last):\n  File "/srv/app/very/long/path/to/the/module.py", line 3\nValueError: x',
            "ValueError: x",
        ),
    ],
)
def test_the_quote_stands_in_the_record(message: str, more: str, quote: str) -> None:
    record = json.dumps({"level": "error", "msg": message, "error": more})
    shown = " ⏎ ".join([f"ERROR {message}", *more.split("\n")])
    assert _quoted(shown) == quote
    assert quote in json.loads(record)["error"]


def test_a_plain_line_is_quoted_from_its_beginning() -> None:
    assert _quoted("  ValueError: no money … left over  ") == "ValueError: no money"


def test_the_severity_that_a_record_tells_elsewhere_is_no_word_of_the_quote() -> None:
    assert _quoted("ERROR admission refused") == "admission refused"
    assert _quoted("ERROR in ./src/mill.ts") == "ERROR in ./src/mill.ts"
    assert _quoted("ERROR: no money") == "ERROR: no money"
