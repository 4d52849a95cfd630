"""Values of vLLM's flags that it would refuse at its start, after it was loaded: told before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_rag.inference.vllm import Launch

_COUNTED = (
    ("--tensor-parallel-size", "-tp"),
    ("--pipeline-parallel-size", "-pp"),
    ("--data-parallel-size", "-dp"),
    ("--max-num-seqs",),
)
_LENGTH = re.compile(r"\d+(?:\.\d+)?[kKmMgG]?|-1|auto")
LONGER_ALLOWED = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"

Told = tuple[str, str]
"""What is wrong, and what to give instead."""


def wrong_values(launch: Launch) -> Iterator[Told]:
    """Flags whose value is none: counts below 1, lengths that are no number, a share of memory outside 0 … 1."""
    for names in _COUNTED:
        given = launch.flag(*names)
        if given is not None and not re.fullmatch(r"0*[1-9]\d*", given):
            yield f"{names[0]} {given} is no count", "Give 1 or more"
    port = launch.flag("--port")
    if port is not None and not port.isdecimal():
        yield f"--port {port} is no number", "Give one from 1 to 65535"
    length = launch.flag("--max-model-len")
    if length is not None and not (_LENGTH.fullmatch(length) and launch.number(1, "--max-model-len")):
        yield f"--max-model-len {length} is no length", "Give tokens, such as 8192 or 8k"
    share = launch.flag("--gpu-memory-utilization")
    if share is not None and not _is_share(share):
        yield f"--gpu-memory-utilization {share} is no share of memory", "Give one above 0 and up to 1"


def too_long(launch: Launch, config: Mapping[str, Any], longest: int, environment: Mapping[str, str]) -> Iterator[Told]:
    """A length above that for which a model was trained, where nothing stretches it."""
    length = launch.number(0, "--max-model-len")
    stretched = any(launch.flag(name) is not None for name in ("--rope-scaling", "--hf-overrides", "--rope-parameters"))
    stretched = stretched or _scaled(config) or environment.get(LONGER_ALLOWED) == "1"
    if longest and length > longest and not stretched:
        yield f"--max-model-len {length} is more than the {longest} of the model", f"Give {longest} or less"


def _scaled(config: Mapping[str, Any]) -> bool:
    for part in (config, config.get("text_config")):
        if isinstance(part, dict) and any(_stretches(part.get(name)) for name in ("rope_scaling", "rope_parameters")):
            return True
    return False


def _stretches(rope: object) -> bool:
    kind = str(rope.get("rope_type") or rope.get("type") or "default") if isinstance(rope, dict) else "default"
    return kind != "default"


def _is_share(given: str) -> bool:
    try:
        return 0 < float(given) <= 1
    except ValueError:
        return False
