"""The doctor: a version pair alone is enough, and a sound environment has nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mcp_rag import librarian
from mcp_rag.doctor import driver_versions, foretell, versions_of_interpreter
from mcp_rag.errors import InputError
from mcp_rag.knowledge.strikes import Strike, parse_strikes

AIMV2 = {"vllm": "0.9.2", "transformers": "4.55.0", "python": "3.11.9"}


def ids(versions: dict[str, str], variables: dict[str, str] | None = None) -> list[str]:
    return [found.issue.id for found in foretell(librarian.starter_files(), versions, variables or {})]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (AIMV2, ["vllm-aimv2-already-used"]),
        ({**AIMV2, "vllm": "0.10.0"}, []),
        ({**AIMV2, "transformers": "4.53.3"}, []),
        ({"transformers": "4.55.0"}, []),
        ({"openai": "1.50.0", "httpx": "0.28.1"}, ["openai-httpx-proxies"]),
        ({"openai": "1.60.0", "httpx": "0.28.1"}, []),
        ({"pandas": "2.2.1", "NumPy": "2.1.0"}, ["numpy-dtype-size-changed"]),
        ({"pydub": "0.25.1", "python": "3.13.1"}, ["python-removed-stdlib-module"]),
        ({"pydub": "0.25.1", "python": "3.13.1", "audioop_lts": "0.2.1"}, []),
        ({"pydub": "0.25.1"}, []),
        ({"vllm": "nightly", "transformers": "4.55.0"}, []),
        ({}, []),
    ],
)
def test_what_strikes(versions: dict[str, str], expected: list[str]) -> None:
    assert ids(versions) == expected


def test_an_old_driver_strikes_what_is_built_for_a_newer_cuda(tmp_path: Path) -> None:
    module = tmp_path / "version"
    module.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  470.57.02  Release Build\nGCC version:  gcc 12.3.0\n"
    )
    seen = driver_versions(module)
    assert seen["nvidia-driver"] == "470.57.02"
    built = {"torch": "2.6.0", "nvidia-cuda-runtime-cu12": "12.4.127"}
    assert ids({**built, **seen}) == ["torch-nvidia-driver-too-old"]
    assert ids({**built, "nvidia-driver": "535.104.05"}) == []
    assert ids(built) == []
    module.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n")
    assert driver_versions(module)["nvidia-driver"] == "535.104.05"
    module.write_text("\0garbage")
    assert "nvidia-driver" not in driver_versions(module)
    assert "nvidia-driver" not in driver_versions(tmp_path / "none")


def test_a_variable_can_be_a_condition() -> None:
    (strike,) = parse_strikes([{"packages": {"torch": ""}, "env": {"CUDA_LAUNCH_BLOCKING": "1"}}], "x.md")
    assert strike.reasons({"torch": "2.1"}, {"CUDA_LAUNCH_BLOCKING": "1"}) == (
        "torch 2.1 is there",
        "CUDA_LAUNCH_BLOCKING is set to '1'",
    )
    assert strike.reasons({"torch": "2.1"}, {"CUDA_LAUNCH_BLOCKING": "11"}) == ()
    assert strike.reasons({"torch": "2.1"}, {}) == ()


@pytest.mark.parametrize(
    "wrong", [[], "x", [{}], [{"package": {}}], [{"python": ">=3"}], [{"env": {"A": "("}}], [{"packages": {"a": 1}}]]
)
def test_a_wrong_condition_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match=r"x\.md"):
        parse_strikes(wrong, "x.md")
    assert parse_strikes(None, "x.md") == ()
    assert Strike().packages == {}


def installed(folder: Path, **versions: str) -> None:
    """Write the metadata of packages into an environment: all that the doctor reads of the wheels, which are huge."""
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in versions.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_a_real_environment_with_the_clash_and_a_sound_one(tmp_path: Path) -> None:
    for name, vllm in (("clash", "0.9.2"), ("sound", "0.11.0")):
        venv.create(tmp_path / name, with_pip=False, symlinks=True)
        installed(tmp_path / name, vllm=vllm, transformers="4.55.0")
    answers = {
        name: doctor("--python", str(tmp_path / name / "bin" / "python"), "--json") for name in ("clash", "sound")
    }
    assert answers["sound"].returncode == 0
    assert answers["sound"].stdout == ""
    assert answers["clash"].returncode == 12
    (row,) = map(json.loads, answers["clash"].stdout.splitlines())
    assert row["id"] == "vllm-aimv2-already-used"
    assert row["because"] == ["vllm 0.9.2 is <0.10.0", "transformers 4.55.0 is >=4.54"]
    assert "0.10.0" in row["fix"]


def test_a_lock_file_and_a_wrong_one(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("vllm==0.9.2\ntransformers==4.56.1\n")
    told = doctor("--env", str(pins))
    assert told.returncode == 12
    assert "because vllm 0.9.2" in told.stdout
    assert doctor("--env", str(tmp_path / "none.txt")).returncode == 3
    assert doctor("--python", str(pins)).returncode == 3
    with pytest.raises(InputError, match="cannot be listed"):
        versions_of_interpreter("/bin/true")


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")},
    )
