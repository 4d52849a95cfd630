"""What docs/logs.md shows is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path


def test_its_examples_run() -> None:
    page = Path(__file__).parents[2] / "docs" / "logs.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 10
    assert failed == 0
