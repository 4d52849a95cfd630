"""A fix, step by step."""

from __future__ import annotations

import pytest

from mcp_rag.faces.steps import steps_of


@pytest.mark.parametrize(
    ("fix", "steps"),
    [
        ("Use `float`\nin its place.", ["Use `float` in its place."]),
        ("- Add the host.\n- Behind a proxy\n  pass it on.\n", ["- Add the host.", "- Behind a proxy pass it on."]),
        (
            "Either:\n1. wait\n2) start anew\n\nThen look\tagain.",
            ["Either:", "1. wait", "2) start anew", "Then look again."],
        ),
        ("-1 is no item, 3.5 neither\n3.5 GB are enough", ["-1 is no item, 3.5 neither 3.5 GB are enough"]),
        (" \n", []),
    ],
)
def test_each_item_and_paragraph_is_a_step(fix: str, steps: list[str]) -> None:
    assert steps_of(fix) == steps
