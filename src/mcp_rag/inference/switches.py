"""The memory and compilation switches that the field passes around, in what the installed versions make of them.

Looked at in the sources of vLLM 0.4.2, 0.6.6, 0.9.2 and 0.32.0: none of them names VLLM_DISABLE_TORCH_COMPILE.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from mcp_rag.inference.installation import Installed

ALLOCATOR, COMPILING, DYNAMO = "PYTORCH_CUDA_ALLOC_CONF", "VLLM_DISABLE_TORCH_COMPILE", "TORCHDYNAMO_DISABLE"
ALLOCATOR_NOW = "PYTORCH_ALLOC_CONF"
SEGMENTS = "expandable_segments:True"

SEGMENTS_SINCE = Version("2.1")
"""PyTorch's first release that knows expandable segments (https://github.com/pytorch/pytorch/pull/96995)."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A memory or compilation switch as this version takes it.

    ``read`` says whether the variable has an effect; ``instead`` are the flags that do what an ignored one should.
    """

    name: str
    value: str
    read: bool
    note: str
    instead: tuple[str, ...] = ()


def switches(installed: Installed) -> tuple[Switch, ...]:
    """The switches that the field knows, in what the installed versions make of them."""
    return _allocator(installed), _compiling(installed), _dynamo(installed)


def _allocator(installed: Installed) -> Switch:
    pytorch, torch = _pytorch(installed), installed.torch
    what = "segments that grow, against fragmentation"
    if torch is not None and not torch.for_gpus:
        return Switch(ALLOCATOR, SEGMENTS, False, f"ignored: {pytorch} is built without CUDA; {what}")
    if _older(installed.versions.get("torch"), SEGMENTS_SINCE):
        return Switch(
            ALLOCATOR, SEGMENTS, False, f"left out: {pytorch} would end at it; {SEGMENTS_SINCE} is the first to know it"
        )
    renamed = torch is None or ALLOCATOR_NOW in torch.variables
    now = f"; its name is {ALLOCATOR_NOW} now, which goes before it" if renamed else ""
    return Switch(ALLOCATOR, SEGMENTS, True, f"read by {pytorch}: {what}{now}")


def _compiling(installed: Installed) -> Switch:
    vllm = f"vLLM {installed.version}"
    if COMPILING in installed.variables:
        return Switch(COMPILING, "1", True, f"read by {vllm}")
    note = f"ignored: {vllm} has no such variable; --enforce-eager does what it says"
    return Switch(COMPILING, "1", False, note, ("--enforce-eager",))


def _dynamo(installed: Installed) -> Switch:
    pytorch, torch = _pytorch(installed), installed.torch
    if torch is not None and DYNAMO not in torch.variables:
        return Switch(DYNAMO, "1", False, f"ignored: {pytorch} has no such variable", ("--enforce-eager",))
    return Switch(DYNAMO, "1", True, f"read by {pytorch}: torch.compile leaves functions as they are written")


def _pytorch(installed: Installed) -> str:
    version = installed.versions.get("torch")
    return f"PyTorch {version}" if version else f"PyTorch as vLLM {installed.version} brings it"


def _older(version: str | None, bound: Version) -> bool:
    try:
        return version is not None and Version(version) < bound
    except InvalidVersion:
        return False  # built from a checkout: as new as any
