"""A server that is killed under load loses nothing that it confirmed; two replicas on one PostgreSQL and one Milvus
server are one, and their teams are apart."""

from __future__ import annotations

import os
import re
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from server_process import ServerProcess, mcp_rag

POSTGRESQL, MILVUS = "MCP_RAG_TEST_POSTGRESQL_URL", "MCP_RAG_TEST_MILVUS_URI"
CLIENTS = 6
CONFIRMED_BEFORE_THE_KILL = 12
PATIENCE_SECONDS = 300


def log_of(name: str) -> str:
    place = f'  File "/srv/{name}.py", line 3, in {name}\n    go()'
    return f"Traceback (most recent call last):\n{place}\n{name}.Broke: {name} broke\n"


def word(number: int) -> str:
    """A name of letters: figures would be masked, and all failures be one."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:05}")


class Load:
    """Clients that diagnose and confirm until the server is gone; ``confirmed`` is what it said that it has kept."""

    def __init__(self, url: str) -> None:
        self.confirmed: dict[str, str] = {}
        self.enough = threading.Event()
        self._url, self._lock = url, threading.Lock()
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, start: int) -> None:
        number = start
        try:
            with httpx.Client(base_url=self._url, timeout=PATIENCE_SECONDS) as client:
                while True:
                    self._confirm(client, f"otter{word(number)}")
                    number += CLIENTS
        except httpx.HTTPError:
            pass  # killed in the middle of it, which nobody was told is kept

    def _confirm(self, client: httpx.Client, name: str) -> None:
        incident = client.post("/v1/diagnose", content=log_of(name)).raise_for_status().json()["incident"]
        said = {"incident": incident, "outcome": "confirmed", "fix": f"Comb the {name}"}
        client.post("/v1/outcomes", json=said).raise_for_status()
        with self._lock:
            self.confirmed[incident] = name
            if len(self.confirmed) >= CONFIRMED_BEFORE_THE_KILL:
                self.enough.set()


def test_a_kill_under_load_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ServerProcess(home, MCP_RAG_STARTER="off") as server:
        load = Load(server.url)
        assert load.enough.wait(PATIENCE_SECONDS)
        server.stop(signal.SIGKILL)
        for thread in load.threads:
            thread.join(PATIENCE_SECONDS)
    with (
        ServerProcess(home, MCP_RAG_STARTER="off") as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        assert len(load.confirmed) >= CONFIRMED_BEFORE_THE_KILL
        for incident, name in load.confirmed.items():
            assert client.get(f"/v1/incidents/{incident}").json()["fixed_by"] == f"Comb the {name}"
        name = next(iter(load.confirmed.values()))
        assert client.post("/v1/diagnose", content=log_of(name)).json()["fix"] == f"Comb the {name}"
        found = client.get("/v1/search", params={"q": f"{name}.Broke: {name} broke"}).json()
        assert found["results"][0]["source"] == "confirmed", "the index has followed the ledger again"
        assert server.stop() == 0


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of replicas: a database and collections of their own on the servers of the tests."""
    server, milvus = os.environ.get(POSTGRESQL), os.environ.get(MILVUS)
    if not server or not milvus:
        pytest.skip(f"{POSTGRESQL} or {MILVUS} names no server")
    name = f"replicas_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    ledger = url.set(database=name).render_as_string(hide_password=False)
    settings = {
        "MCP_RAG_STARTER": "off",
        "MCP_RAG_LEDGER_URL": ledger,
        "MCP_RAG_MILVUS_URI": milvus,
        "MCP_RAG_COLLECTION": name,
        "MCP_RAG_INCIDENTS_COLLECTION": f"{name}_seen",
    }
    yield settings
    drop_collections(milvus, name)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def drop_collections(uri: str, prefix: str) -> None:
    from mcp_rag.knowledge.milvus import MilvusConnection, drop_collection

    for team in ("", "__blue_team", "__red"):
        for kind in ("", "_seen"):
            drop_collection(MilvusConnection(uri=uri), f"{prefix}{kind}{team}", notify=lambda _: None)


def made(home: Path, team: str, settings: dict[str, str]) -> dict[str, str]:
    done = mcp_rag(home, "tokens", "create", "--name", team, "--team", team, "--json", **settings)
    assert done.returncode == 0, done.stderr
    found = re.search(rb'"token": "([^"]+)"', done.stdout)
    assert found
    return {"authorization": f"Bearer {found[1].decode()}"}


def first_result(client: httpx.Client, query: str, headers: dict[str, str]) -> dict[str, Any]:
    results = client.get("/v1/search", params={"q": query}, headers=headers).raise_for_status().json()["results"]
    return dict(results[0]) if results else {}


def test_two_replicas_are_one_server_and_teams_are_apart_on_both(shared: dict[str, str], tmp_path: Path) -> None:
    blue, red = (made(tmp_path / "first" / "home", team, shared) for team in ("blue-team", "red"))
    (tmp_path / "second").mkdir()
    log = log_of("lynx")
    with (
        ServerProcess(tmp_path / "first" / "home", **shared) as first,
        ServerProcess(tmp_path / "second" / "home", **shared) as second,
        httpx.Client(base_url=first.url, timeout=PATIENCE_SECONDS) as one,
        httpx.Client(base_url=second.url, timeout=PATIENCE_SECONDS) as other,
    ):
        incident = one.post("/v1/diagnose", content=log, headers=blue).json()["incident"]
        said = {"incident": incident, "outcome": "confirmed", "fix": "Brush the lynx"}
        assert other.post("/v1/outcomes", json=said, headers=blue).status_code == 201, (
            "seen by the other replica at once"
        )
        for client in (one, other):
            assert client.post("/v1/diagnose", content=log, headers=blue).json()["fix"] == "Brush the lynx"
            assert first_result(client, "lynx.Broke: lynx broke", blue)["source"] == "confirmed"
            assert first_result(client, "lynx.Broke: lynx broke", red) == {}
            assert client.get("/v1/incidents", headers=red).json()["total"] == 0
        assert other.post("/v1/diagnose", content=log, headers=red).json()["verdict"] == "unknown"
        left = one.post("/v1/tasks/diagnose", content=log, headers=blue).json()["task"]
        assert other.get(f"/v1/tasks/{left}", headers=blue).status_code == 200
        assert other.get(f"/v1/tasks/{left}", headers=red).status_code == 404
        session = other.get("/login").text
        forgery = re.search(r'name="forgery" value="([^"]+)"', session)
        assert forgery
        token = blue["authorization"].removeprefix("Bearer ")
        entered = other.post("/login", data={"token": token, "forgery": forgery[1]})
        cookie = {"cookie": entered.headers["set-cookie"].partition(";")[0]}
        assert one.get("/incidents", headers=cookie).status_code == 200, "a session of one replica is one of all"
        visitor = {"cookie": "; ".join(f"{name}={value}" for name, value in other.cookies.items())}
        assert other.post("/logout", data={"forgery": forgery[1]}, headers=visitor).status_code == 303
        assert one.get("/incidents", headers=cookie).status_code == 401, "signed out of one, signed out of all"
        first.stop(signal.SIGKILL)
        assert other.post("/v1/diagnose", content=log, headers=blue).json()["fix"] == "Brush the lynx"
        assert second.stop() == 0
