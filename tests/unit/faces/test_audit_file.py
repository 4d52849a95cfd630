"""The audit log's files: one's own, and the latest rows of a team found in the newest of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_rag.faces.serving import auditing
from mcp_rag.faces.serving.auditing import FILE, Audit, latest_rows, read_audit


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """A log that turns over after some five rows."""
    monkeypatch.setattr(auditing, "FILE_BYTES", 1_000)
    made = Audit(tmp_path)
    yield made
    made.close()


def test_each_file_is_its_owners_alone(audit: Audit, tmp_path: Path) -> None:
    for number in range(20):
        audit.write("heron", "blue", "GET", f"/v1/{number}", 200, "192.0.2.1", {})
    files = list(tmp_path.glob(f"{FILE}*"))
    assert len(files) > 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_the_latest_rows_of_a_team_are_found_over_several_files(audit: Audit, tmp_path: Path) -> None:
    for number in range(20):
        audit.write("heron", ("blue", "red")[number % 2], "GET", f"/v1/{number}", 200, "192.0.2.1", {})
    found = latest_rows(tmp_path, "red", None, 8)
    assert [row["path"] for row in found] == [f"/v1/{number}" for number in range(5, 20, 2)]
    assert len(latest_rows(tmp_path, "red", None, 1_000)) == 10
    assert len(list(read_audit(tmp_path))) == 20
