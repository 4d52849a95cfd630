"""The compose file and the image: every service is watched and bounded, every name in them exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_rag import __version__
from mcp_rag.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
TEXT = (DEPLOY / "compose.yaml").read_text()
IMAGE = (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_watched_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:(?!latest)[\w.-]*\d[\w.-]*", service["image"])
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert "memory" in service["deploy"]["resources"]["limits"]
    for needed, how in service.get("depends_on", {}).items():
        assert "healthcheck" in SERVICES[needed]
        assert how == {"condition": "service_healthy"}


def test_every_named_volume_is_declared_and_every_store_has_one() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]]
    named = {volume for volume in mounted if re.fullmatch(r"\w+", volume)}
    assert named == set(COMPOSE["volumes"])
    assert {"postgres", "etcd", "minio", "milvus", "home"} == named


def test_every_variable_is_in_the_example_and_no_secret_has_a_default() -> None:
    used = dict(re.findall(r"\$\{(\w+)(:[-?][^}]*)?\}", TEXT))
    example = {line.partition("=")[0] for line in (DEPLOY / "example.env").read_text().splitlines() if "=" in line[:40]}
    assert {name for name in used if not name.startswith("#")} <= {name.lstrip("# ") for name in example}
    assert {name for name, default in used.items() if default.startswith(":?")} == {
        "POSTGRES_PASSWORD",
        "MINIO_PASSWORD",
        "MILVUS_PASSWORD",
    }


def test_the_program_is_told_of_the_others_by_settings_that_exist() -> None:
    environment = SERVICES["mcp-rag"]["environment"]
    assert {name.removeprefix("MCP_RAG_").lower() for name in environment} <= {field.name for field in fields(Settings)}
    assert "@postgres:5432/" in environment["MCP_RAG_LEDGER_URL"]
    assert environment["MCP_RAG_MILVUS_URI"] == "http://milvus:19530"
    tokens = environment["MCP_RAG_SERVE_TOKENS_FILE"].rpartition("/")[0]
    assert any(volume.endswith(f":{tokens}:ro") for volume in SERVICES["mcp-rag"]["volumes"])


def test_only_the_program_is_reached_from_outside_and_on_loopback_by_default() -> None:
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["mcp-rag"]
    assert SERVICES["mcp-rag"]["ports"] == ["${MCP_RAG_PUBLISH:-127.0.0.1:8765}:8765"]
    assert SERVICES["mcp-rag"]["read_only"] is True
    assert SERVICES["mcp-rag"]["cap_drop"] == ["ALL"]


def test_the_image_copies_what_exists_and_runs_as_nobody_in_particular() -> None:
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+)", IMAGE, re.M) for name in line.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name.partition('/')[0]}" for name in copied} <= set(ignored)
    assert re.search(r"^USER 10001:10001$", IMAGE, re.M)
    assert IMAGE.count("\nFROM ") == 2
    assert f"mcp-rag:{__version__}" in IMAGE
    assert SERVICES["mcp-rag"]["image"] == f"mcp-rag:{__version__}"


@pytest.mark.parametrize("profile", [(), ("--profile", "llm")])
def test_a_reader_of_compose_files_reads_it(tmp_path: Path, profile: tuple[str, ...]) -> None:
    reader = shutil.which("podman-compose")
    if not reader:
        pytest.skip("optional: podman-compose is not installed")
    podman = tmp_path / "podman"  # its version is asked for first, and no container is
    podman.write_text("#!/bin/sh\necho podman version 5.4.0\n")
    podman.chmod(0o755)
    folder = tmp_path / "deploy"
    folder.mkdir()
    shutil.copy(DEPLOY / "compose.yaml", folder)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def read(values: str) -> subprocess.CompletedProcess[str]:
        (folder / ".env").write_text(
            re.sub(r"(?m)^(\w+_PASSWORD)=$", rf"\1={values}", (DEPLOY / "example.env").read_text())
        )
        command = [reader, "--file", "compose.yaml", *profile, "config"]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    done = read("abc123")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {name for name, one in SERVICES.items() if profile or "profiles" not in one}
    ledger = services["mcp-rag"]["environment"]["MCP_RAG_LEDGER_URL"]
    assert ledger == "postgresql+psycopg://mcp_rag:abc123@postgres:5432/mcp_rag"
    unset = read("")
    assert (unset.returncode != 0, "set it in deploy/.env" in unset.stderr) == (True, True)
