"""Lock and requirements files of several ecosystems → the versions that they pin."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError

Pins = Iterator[tuple[str, str]]
"""(package, version), in the order of the file; of a package that stands there twice the first one counts."""

_PINNED = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;#,*\\]+)", re.MULTILINE)
_GO = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[\w-]+/[\w./~-]+)\s+v(\d\S*)", re.MULTILINE)
_GO_ITSELF = re.compile(r"^(?:go|toolchain go)\s*(\d[\w.]*)\s*$", re.MULTILINE)
_GEM = re.compile(r"^ {4}([A-Za-z][\w.-]*) \((\d[^)]*)\)$", re.MULTILINE)
_YARN = re.compile(r'^"?(@?[^@\s"]+)@[^\n]*:\n\s+"?version"?:?\s+"?([^\s"]+)', re.MULTILINE)
_CONDA = re.compile(r"^\s*-\s*(?:[\w-]+::)?([A-Za-z0-9][\w.-]*)\s*=+\s*(\d[^=\s;#]*)", re.MULTILINE)


def versions_from_file(path: Path) -> Mapping[str, str]:
    """The versions pinned in a requirements file, or in ``uv.lock``, ``poetry.lock``, ``pdm.lock``, ``Pipfile.lock``,
    ``Cargo.lock``, ``package-lock.json``, ``yarn.lock``, ``pnpm-lock.yaml``, ``go.mod``, ``Gemfile.lock``,
    ``composer.lock`` or a conda environment's file.

    Raises:
        InputError: the file cannot be read, or is not of its kind.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as fault:
        raise _no_versions(str(path), fault) from fault
    return versions_from_text(text, path.name)


def versions_from_text(text: str, name: str) -> Mapping[str, str]:
    """The versions pinned in a file's ``text``; its kind is told by its ``name``, or by how it begins.

    Raises:
        InputError: it is not of its kind.
    """
    try:
        pins = list(_reader_of(name, text)(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise _no_versions(name, fault) from fault
    return dict(reversed(pins))


def _no_versions(name: str, fault: Exception) -> InputError:
    return InputError(f"No versions can be read from {name}", str(fault), "Give a requirements or lock file")


def _reader_of(name: str, text: str) -> Callable[[str], Pins]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if text.lstrip().startswith("{"):
        return _npm
    if "[[package]]" in text:
        return _toml_packages
    return _BY_SUFFIX.get(Path(name).suffix, _requirements)


def _requirements(text: str) -> Pins:
    yield from _PINNED.findall(text)


def _toml_packages(text: str) -> Pins:
    """``[[package]]`` tables: Python's locks and Cargo's."""
    yield from ((str(p["name"]), str(p["version"])) for p in tomllib.loads(text).get("package", []) if "version" in p)


def _npm(text: str) -> Pins:
    """Packages at the top go before those nested in others; before npm 7 they lay under ``dependencies``."""
    lock = json.loads(text)
    places = {place: entry for place, entry in (lock.get("packages") or {}).items() if place}
    for place in sorted(places, key=lambda place: place.count("node_modules/")):
        if version := places[place].get("version"):
            yield place.rpartition("node_modules/")[2], str(version)
    yield from _versions_in(lock.get("dependencies"))


def _pipfile(text: str) -> Pins:
    lock = json.loads(text)
    for section in ("default", "develop"):
        yield from ((name, version.lstrip("=")) for name, version in _versions_in(lock.get(section)))


def _composer(text: str) -> Pins:
    lock = json.loads(text)
    for section in ("packages", "packages-dev"):
        yield from ((str(p["name"]), str(p["version"]).lstrip("v")) for p in lock.get(section) or [])


def _versions_in(packages: Any) -> Pins:
    yield from ((name, str(entry["version"])) for name, entry in (packages or {}).items() if "version" in entry)


def _pnpm(text: str) -> Pins:
    import yaml

    try:
        lock = yaml.safe_load(text) or {}
    except yaml.YAMLError as fault:
        raise ValueError(f"no YAML: {fault}") from fault
    for place in lock.get("packages") or {}:
        name, _, version = str(place).strip("/").partition("(")[0].rpartition("@")
        if name:
            yield name, version


def _go(text: str) -> Pins:
    yield from (("go", version) for version in _GO_ITSELF.findall(text)[-1:])
    yield from _GO.findall(text)


def _gems(text: str) -> Pins:
    yield from _GEM.findall(text)


def _yarn(text: str) -> Pins:
    yield from _YARN.findall(text)


def _conda(text: str) -> Pins:
    yield from _CONDA.findall(text)


_BY_NAME: Mapping[str, Callable[[str], Pins]] = {
    "Pipfile.lock": _pipfile,
    "yarn.lock": _yarn,
    "Gemfile.lock": _gems,
    "composer.lock": _composer,
    "go.mod": _go,
    "go.sum": _go,
    "pnpm-lock.yaml": _pnpm,
}
_BY_SUFFIX: Mapping[str, Callable[[str], Pins]] = {
    ".json": _npm,
    ".lock": _toml_packages,
    ".toml": _toml_packages,
    ".yaml": _conda,
    ".yml": _conda,
    ".mod": _go,
}
