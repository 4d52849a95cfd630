"""When a known issue strikes: conditions on an environment that are enough for it, before anything has failed.

``applies_to`` says where an issue *can* occur; a strike says where it *will*. An issue without one is never foretold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.knowledge.version_check import fits_specifier, normal_name
from mcp_rag.records import NO_VALUES

_FIELDS = ("packages", "absent", "python", "env")


@dataclass(frozen=True, slots=True)
class Strike:
    """Every condition must hold: packages (name → specifier, empty for any version), packages that are not there, the
    version of Python, environment variables (name → expression that the whole value fits)."""

    packages: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    absent: tuple[str, ...] = ()
    python: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)

    def reasons(self, versions: Mapping[str, str], variables: Mapping[str, str]) -> tuple[str, ...]:
        """What of the environment (package → version, ``python`` among them; variable → value) meets each condition;
        nothing when one is not met, or cannot be told."""
        seen = {normal_name(name): version for name, version in versions.items()}
        wanted = {**self.packages, **({"python": self.python} if self.python else {})}
        said = []
        for name, specifier in wanted.items():
            version = seen.get(normal_name(name))
            if version is None or fits_specifier(specifier, version) is not True:
                return ()
            said.append(f"{name} {version} is {specifier}" if specifier else f"{name} {version} is there")
        if any(normal_name(name) in seen for name in self.absent):
            return ()
        said += [f"{name} is not there" for name in self.absent]
        for name, expression in self.env.items():
            if re.fullmatch(expression, variables.get(name, "")) is None:
                return ()
            said.append(f"{name} is set to {variables.get(name)!r}")
        return tuple(said)


def parse_strikes(value: object, name: str) -> tuple[Strike, ...]:
    """The field ``strikes`` of a known issue's file.

    Raises:
        InputError: naming the file and what is wrong.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        raise _wrong(name, "strikes is a list of conditions")
    return tuple(_strike(item, name) for item in value)


def _strike(value: object, name: str) -> Strike:
    if not isinstance(value, dict) or not value:
        raise _wrong(name, f"a strike maps {', '.join(_FIELDS)} to conditions")
    if unknown := [str(key) for key in value if key not in _FIELDS]:
        raise _wrong(name, f"a strike has no field {', '.join(unknown)}; there are {', '.join(_FIELDS)}")
    packages, env = _texts(value, "packages", name), _texts(value, "env", name)
    python, absent = value.get("python", ""), value.get("absent", [])
    if not isinstance(python, str) or not isinstance(absent, list) or not all(isinstance(a, str) for a in absent):
        raise _wrong(name, "python is a text, absent a list of packages")
    if not packages and not env:
        raise _wrong(name, "a strike names at least one package or variable")
    _check_specifiers([*packages.values(), python], name)
    for expression in env.values():
        _check_expression(expression, name)
    return Strike(packages, tuple(absent), python, env)


def _texts(value: Mapping[str, Any], field_name: str, name: str) -> dict[str, str]:
    texts = value.get(field_name, {})
    if not isinstance(texts, dict) or not all(isinstance(t, str) for pair in texts.items() for t in pair):
        raise _wrong(name, f"{field_name} maps names to texts")
    return texts


def _check_specifiers(specifiers: Sequence[str], name: str) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for specifier in specifiers:
        try:
            SpecifierSet(specifier)
        except InvalidSpecifier as fault:
            raise _wrong(name, f"strikes: {fault}") from fault


def _check_expression(expression: str, name: str) -> None:
    try:
        re.compile(expression)
    except re.error as fault:
        raise _wrong(name, f"strikes: {expression!r} is no regular expression: {fault}") from fault


def _wrong(name: str, why: str) -> InputError:
    return InputError(f"{name} is no known issue", why, "`mcp-rag knowledge show ID` prints one to start from")
