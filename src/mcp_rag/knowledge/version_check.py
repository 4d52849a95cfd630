"""``applies_to`` against the versions that were seen, with the semantics of PEP 440."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_rag.errors import InputError
from mcp_rag.records import Applicability, VersionCheck

if TYPE_CHECKING:
    from packaging.version import Version

_LEADING = re.compile(r"v?(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?)")
_PINNED = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;#,]+)")


def check_versions(applies_to: Mapping[str, str], seen: Mapping[str, str]) -> VersionCheck:
    """Whether an issue fits the versions seen: every package that was seen must fit, and at least one be seen."""
    known = {normal_name(name): version for name, version in seen.items()}
    fitting = []
    for package, specifier in applies_to.items():
        version = known.get(normal_name(package))
        fits = fits_specifier(specifier, version) if version else None
        if fits is False:
            return VersionCheck(Applicability.DOES_NOT_APPLY, f"{package} {version} is not {specifier}")
        if fits:
            fitting.append(f"{package} {version} is {specifier}")
    if fitting:
        return VersionCheck(Applicability.APPLIES, "applies: " + ", ".join(fitting))
    wanted = ", ".join(f"{package} {specifier}" for package, specifier in applies_to.items())
    return VersionCheck(Applicability.CANT_TELL, f"no version seen of: {wanted}" if wanted else "")


def normal_name(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def fits_specifier(specifier: str, version: str) -> bool | None:
    """Whether a version is within a PEP 440 specifier; None when either cannot be understood."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    parsed = parse_version(version)
    try:
        return None if parsed is None else SpecifierSet(specifier).contains(parsed, prereleases=True)
    except InvalidSpecifier:
        return None


def parse_version(text: str) -> Version | None:
    """A version as its tool writes it (``v20.11.0-alpine``, ``12.4``), as far as PEP 440 understands it."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        found = _LEADING.match(text.strip())
        return Version(found.group(1)) if found else None


def installed_versions() -> Mapping[str, str]:
    """The packages that this Python sees, and its own version."""
    import platform

    found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    return {**found, "python": platform.python_version()}


def versions_from_file(path: Path) -> Mapping[str, str]:
    """The versions pinned in a requirements file, ``uv.lock``, ``poetry.lock`` or ``package-lock.json``.

    Raises:
        InputError: the file cannot be read, or is not of its kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise _no_versions(str(path), fault) from fault
    return versions_from_text(text, path.name)


def versions_from_text(text: str, name: str) -> Mapping[str, str]:
    """The versions pinned in a file's ``text``; its kind is told by its ``name``, or by how it begins.

    Raises:
        InputError: it is not of its kind.
    """
    try:
        if name.endswith(".json") or text.lstrip().startswith("{"):
            return _npm(json.loads(text))
        if name.endswith((".lock", ".toml")) or "[[package]]" in text:
            return {p["name"]: p["version"] for p in tomllib.loads(text).get("package", []) if "version" in p}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise _no_versions(name, fault) from fault
    return {found[1]: found[2] for line in text.splitlines() if (found := _PINNED.match(line))}


def _no_versions(name: str, fault: Exception) -> InputError:
    return InputError(f"No versions can be read from {name}", str(fault), "Give a requirements or lock file")


def _npm(lock: dict[str, Any]) -> Mapping[str, str]:
    packages = lock.get("packages") or {}
    found = {place.rpartition("node_modules/")[2]: entry.get("version") for place, entry in packages.items() if place}
    return {name: version for name, version in found.items() if version}
