"""What a person confirmed comes back after everything was destroyed: backup, loss, restore, with real services."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from server_process import ServerProcess, environment_for, mcp_rag

DEPLOY = Path(__file__).parents[2] / "deploy"
POSTGRESQL, MILVUS = "MCP_RAG_TEST_POSTGRESQL_URL", "MCP_RAG_TEST_MILVUS_URI"
ERROR = "acme.Hurdygurdy: the walrus of Bergen mislaid its spectacles"
LOG = f'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in go\n    pay()\n{ERROR}\n'
FIX, TEAMS_FIX = "Wind the clock in the larder", "Feed the owl in the pantry"


class Place:
    """A home and what its settings name; ``destroy`` leaves nothing of it."""

    def __init__(self, folder: Path, server: str | None, milvus: str | None) -> None:
        self.home = folder / "home"
        # Without what ships, whose embedding takes longer than all the rest.
        self.settings: dict[str, str] = {"MCP_RAG_STARTER": "off"}
        self._server, name = server, f"backup_{uuid.uuid4().hex[:12]}"
        if server:
            self._database = name
            self._on_server(f"CREATE DATABASE {name}")
            url = sa.make_url(server).set(drivername="postgresql+psycopg", database=name)
            self.settings["MCP_RAG_LEDGER_URL"] = url.render_as_string(hide_password=False)
        if milvus:
            self.settings |= {"MCP_RAG_MILVUS_URI": milvus, "MCP_RAG_COLLECTION": name}

    def destroy(self, *, for_good: bool = False) -> None:
        if uri := self.settings.get("MCP_RAG_MILVUS_URI"):
            from mcp_rag.knowledge.milvus import MilvusConnection, drop_collection

            for name in (self.settings["MCP_RAG_COLLECTION"], f"{self.settings['MCP_RAG_COLLECTION']}__blue_1"):
                drop_collection(MilvusConnection(uri=uri), name, notify=lambda _: None)
        shutil.rmtree(self.home, ignore_errors=True)
        if self._server:
            self._on_server(f"DROP DATABASE {self._database} WITH (FORCE)")
            if not for_good:
                self._on_server(f"CREATE DATABASE {self._database}")

    def script(self, name: str, archive: Path, **more: str) -> subprocess.CompletedProcess[str]:
        program = f"{sys.executable} -m mcp_rag"
        environment = environment_for(self.home, **self.settings, MCP_RAG=program, PYTHON=sys.executable, **more)
        command = [DEPLOY / name, archive]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)

    def _on_server(self, statement: str) -> None:
        engine = sa.create_engine(
            sa.make_url(str(self._server)).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


@pytest.fixture(params=["one folder", "PostgreSQL and Milvus"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    server = milvus = None
    if request.param != "one folder":
        server, milvus = os.environ.get(POSTGRESQL), os.environ.get(MILVUS)
        if not server or not milvus or not shutil.which("pg_dump"):
            pytest.skip(f"{POSTGRESQL} or {MILVUS} names no server, or pg_dump is not there")
    made = Place(tmp_path, server, milvus)
    yield made
    made.destroy(for_good=True)


def diagnosis(server: ServerProcess, **headers: str) -> dict[str, Any]:
    answer = httpx.post(f"{server.url}/v1/diagnose", content=LOG.encode(), headers=headers, timeout=120)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def confirm(server: ServerProcess, incident: str, fix: str, **headers: str) -> None:
    outcome = {"incident": incident, "outcome": "confirmed", "fix": fix}
    httpx.post(f"{server.url}/v1/outcomes", json=outcome, headers=headers, timeout=120).raise_for_status()


def token(place: Place, team: str) -> dict[str, str]:
    made = mcp_rag(
        place.home, "tokens", "create", "--name", team, "--team", team, "--json", stdin=b"", **place.settings
    )
    return {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}


def search(server: ServerProcess, **headers: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/v1/search", params={"q": ERROR}, headers=headers, timeout=120)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_a_confirmed_fix_survives_the_loss_of_everything(place: Place, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    everybody, blue = token(place, "default"), token(place, "blue-1")
    with ServerProcess(place.home, **place.settings) as server:
        first = diagnosis(server, **everybody)
        confirm(server, first["incident"], FIX, **everybody)
        assert FIX in diagnosis(server, **everybody)["fix"]
        confirm(server, diagnosis(server, **blue)["incident"], TEAMS_FIX, **blue)
        assert TEAMS_FIX in diagnosis(server, **blue)["fix"]
        saved = place.script("backup.sh", archive)
        assert saved.returncode == 0, saved.stderr
        assert server.stop() == 0
    place.destroy()
    with ServerProcess(place.home, **place.settings) as server:
        assert diagnosis(server)["verdict"] == "unknown"
        assert search(server)["match"] is False
        assert server.stop() == 0
    refused = place.script("restore.sh", archive)
    assert refused.returncode == 1
    assert "REPLACE=yes" in refused.stderr
    restored = place.script("restore.sh", archive, REPLACE="yes")
    assert restored.returncode == 0, restored.stderr
    with ServerProcess(place.home, **place.settings) as server:
        for headers, fix in ((everybody, FIX), (blue, TEAMS_FIX)):
            again = diagnosis(server, **headers)
            assert (again["verdict"], again["incident"]) == ("known", first["incident"])
            assert fix in again["fix"]
            (best,) = search(server, **headers)["results"]
            assert best["source"] == "confirmed"
            assert first["incident"].startswith(best["id"])
        assert server.stop() == 0


def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, None, None)
    assert "there is no ledger" in place.script("backup.sh", tmp_path / "x.tar.gz").stderr
    (tmp_path / "taken.tar.gz").write_text("mine")
    assert "is there already" in place.script("backup.sh", tmp_path / "taken.tar.gz").stderr
    assert (tmp_path / "taken.tar.gz").read_text() == "mine"
    assert "there is no archive" in place.script("restore.sh", tmp_path / "absent.tar.gz").stderr
    assert "nothing was changed" in place.script("restore.sh", tmp_path / "taken.tar.gz").stderr
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "ledger.sqlite").write_text("not what the sums say")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ./ledger.sqlite\n")
    subprocess.run(["tar", "-C", folder, "-czf", tmp_path / "damaged.tar.gz", "."], check=True)
    damaged = place.script("restore.sh", tmp_path / "damaged.tar.gz")
    assert damaged.returncode == 1
    assert "is damaged; nothing was changed" in damaged.stderr
    assert not place.home.exists()
