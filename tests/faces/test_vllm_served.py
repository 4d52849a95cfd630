"""A real vLLM on the CPU, started by `mcp-rag vllm serve`, serves a small model that words a diagnosis.

`make test-vllm` installs it in an environment of its own (3.4 GB) and names it here; the everyday run does without.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from server_process import environment_for, mcp_rag

PYTHON = os.environ.get("MCP_RAG_TEST_VLLM_PYTHON", "")
GGUF = os.environ.get("MCP_RAG_TEST_GGUF", "")
LOG = Path(__file__).parents[1] / "golden" / "logs" / "long-numpy-np-float-in-build.log"
LENGTH, CACHE_GIB = 4096, 1

pytestmark = [
    pytest.mark.skipif(
        not (PYTHON and GGUF), reason="optional: `make test-vllm` names a Python with vLLM and a GGUF model"
    ),
    # A start takes a minute and an answer five on a machine that does other work too.
    pytest.mark.timeout(1800),
]

UNPACK = """
import sys
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, file, to = Path(sys.argv[1]).parent, Path(sys.argv[1]).name, sys.argv[2]
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file).bfloat16()
del model.config.quantization_config
model.hf_quantizer = None
model.save_pretrained(to)
AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(to)
"""
"""The quantised model as a folder of plain weights, which vLLM reads without further packages."""


@dataclass(frozen=True)
class Served:
    url: str
    model: Path
    log: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What `vllm serve --wait` started; stopped at the end."""
    place = tmp_path_factory.mktemp("vllm")
    model, home = place / "small-chat", place / "home"
    subprocess.run([PYTHON, "-c", UNPACK, GGUF, str(model)], check=True, timeout=900)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    flags = ["--python", PYTHON, "--host", "127.0.0.1", "--port", port, "--max-model-len", str(LENGTH)]
    flags += ["--served-model-name", "small", "--enforce-eager", "--dtype", "bfloat16", "--wait-seconds", "900"]
    environment = {**os.environ, "MCP_RAG_HOME": str(home), "VLLM_CPU_KVCACHE_SPACE": str(CACHE_GIB)}
    command = [sys.executable, "-m", "mcp_rag", "vllm", "serve", str(model), *flags, "--wait", "--json"]
    started = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1000)
    assert started.returncode == 0, started.stderr
    row = json.loads(started.stdout)
    try:
        yield Served(row["url"], model, (home / "vllm" / f"{port}.log").read_text(errors="replace"))
    finally:
        os.kill(row["pid"], signal.SIGTERM)
        for _ in range(60):
            if not _answers(row["url"]):
                break
            time.sleep(1)
        assert not _answers(row["url"]), "it goes on after it was asked to end"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/models", timeout=5).is_success
    except httpx.TransportError:
        return False


def test_it_is_the_real_one_and_serves_under_the_name_that_was_given(served: Served) -> None:
    (model,) = httpx.get(f"{served.url}/models").json()["data"]
    assert (model["id"], model["owned_by"], model["max_model_len"]) == ("small", "vllm", LENGTH)


def test_the_check_reckons_the_cache_as_vllm_does(served: Served) -> None:
    """The preflight's tokens and weights, held against those that vLLM tells in its log."""
    from mcp_rag.inference.preflight import read_model
    from mcp_rag.inference.vllm import Launch

    found = re.search(r"KV cache size: ([\d,]+) tokens", served.log)
    assert found, served.log[-3000:]
    fitted = int(found[1].replace(",", ""))
    config = json.loads((served.model / "config.json").read_text())
    reckoned = read_model(served.model, config, Launch(str(served.model), (), {}, ("--dtype", "bfloat16")))
    assert reckoned.kv_bytes * fitted == pytest.approx(CACHE_GIB << 30, rel=0.02)
    loaded = re.search(r"Checkpoint size: ([\d.]+) GiB", served.log)
    assert loaded, served.log[-3000:]
    assert reckoned.weight_bytes / 2**30 == pytest.approx(float(loaded[1]), abs=0.01)


def test_the_print_tells_how_many_tokens_will_fit(served: Served) -> None:
    command = [sys.executable, "-m", "mcp_rag", "vllm", "serve", str(served.model), "--python", PYTHON]
    command += ["--max-model-len", str(LENGTH), "--dtype", "bfloat16", "--print", "--json"]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": str(CACHE_GIB)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    (said,) = [row["what"] for row in json.loads(told.stdout)["findings"] if "holds" in row["what"]]
    found = re.search(r"holds ([\d,]+)", said)
    fitted = re.search(r"KV cache size: ([\d,]+) tokens", served.log)
    assert found and fitted
    assert int(found[1].replace(",", "")) == pytest.approx(int(fitted[1].replace(",", "")), rel=0.02)


def test_a_diagnosis_is_worded_by_it_and_decided_by_the_evidence(served: Served, tmp_path: Path) -> None:
    settings = {"MCP_RAG_CHAT_BASE_URL": served.url, "MCP_RAG_CHAT_MODEL": "small"}
    settings |= {"MCP_RAG_CHAT_TIMEOUT_SECONDS": "1200", "MCP_RAG_CHAT_CONTEXT_TOKENS": "1200"}
    home = tmp_path / "home"
    command = [sys.executable, "-m", "mcp_rag", "diagnose", "--json", str(LOG)]
    told = subprocess.run(
        command, env=environment_for(home, **settings), capture_output=True, text=True, check=False, timeout=1500
    )
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    assert (answer["verdict"], answer["evidence"][0]["id"]) == ("known", "numpy-alias-removed")
    rows = [json.loads(line) for line in mcp_rag(home, "usage", "--json").stdout.splitlines()]
    (used,) = [row for row in rows if row.get("model") == "small"]
    assert used["prompt_tokens"] > 100
    assert used["completion_tokens"] > 0
