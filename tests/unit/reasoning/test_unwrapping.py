"""A text that was broken into lines to fit a page."""

from __future__ import annotations

import pytest

from mcp_rag.reasoning.unwrapping import FILLED, unwrapped

FULL = "x" * FILLED


@pytest.mark.parametrize(
    ("text", "one"),
    [
        (f"{FULL}\ngoes on", f"{FULL} goes on"),
        ("short\nnext", "short\nnext"),
        (f"- {FULL}\n  goes on\n- other", f"- {FULL} goes on\n- other"),
        (f"1. {FULL}\n2) other\n\n{FULL}\n{FULL}\nend", f"1. {FULL}\n2) other\n\n{FULL} {FULL} end"),
        (f"{FULL}\n# head\n{FULL}\n| a | b |\n> said", f"{FULL}\n# head\n{FULL}\n| a | b |\n> said"),
        (f"```sh\n{FULL}\nmake\n```\n{FULL}\nend", f"```sh\n{FULL}\nmake\n```\n{FULL} end"),
        (f"see:\n    {FULL}\n    make", f"see:\n    {FULL}\n    make"),
        (f"{'错' * FILLED}\n误{FULL}\nend", f"{'错' * FILLED}误{FULL} end"),
        ("", ""),
    ],
)
def test_what_follows_a_full_line_stands_behind_it_and_nothing_else_is_moved(text: str, one: str) -> None:
    assert unwrapped(text) == one
    assert unwrapped(one) == one
