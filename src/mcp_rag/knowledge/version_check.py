"""``applies_to`` against the versions that were seen: PEP 440's semantics, and semver's and Debian's where those write
it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING

from mcp_rag.records import Applicability, VersionCheck

if TYPE_CHECKING:
    from packaging.version import Version

_LEADING = re.compile(r"v?(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?)")
_SEMVER = re.compile(r"v?(\d+\.\d+\.\d+)-(?!\d+$)[0-9A-Za-z.-]*[A-Za-z][0-9A-Za-z.-]*(?:\+[\w.-]+)?$")
_DEBIAN = re.compile(r"(?:(?P<epoch>\d+):)?(?P<upstream>\d[\w.+~]*?)(?P<revision>-[\w.+~]+)?$")
_REPACKED = re.compile(r"(?:\+(?:dfsg|ds|really)|[.~]dfsg).*$")
_CARET = re.compile(r"\^\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([\w.+-]*)$")
_TILDE = re.compile(r"~\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([\w.+-]*)$")
_OPEN = re.compile(r"=*\s*v?(\d+(?:\.\d+)*)\.[xX*](?:\.[xX*])*$")
_PLAIN = re.compile(r"=?\s*v?(\d[\w.+-]*)$")
_NAMED = re.compile(r"\d+(?:\.\d+)*")
_GAP = re.compile(r"(?<![<>=!~^,\s])\s+(?=[<>=!~^\d])|\s*,\s*")


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
    """Whether a version is within a specifier; None when either cannot be understood.

    PEP 440's (``>=1.2,<2``), or npm's and Cargo's (``^1.2.3``, ``~1.2``, ``1.x``, ``>=1 <2 || 3``).
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    parsed = parse_version(version)
    try:
        sets = [SpecifierSet(",".join(_translated(part))) for part in specifier.split("||")]
    except InvalidSpecifier:
        return None
    return None if parsed is None else any(one.contains(parsed, prereleases=True) for one in sets)


def may_overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether some versions may fit both of two ``applies_to``: of no common package is one known that excludes it."""
    ranges = {normal_name(name): specifier for name, specifier in other.items()}
    return all(
        normal_name(name) not in ranges or _meet(specifier, ranges[normal_name(name)])
        for name, specifier in one.items()
    )


def _meet(one: str, other: str) -> bool:
    """Whether a version is within both specifiers. One below all that they name, each of these, or one just above it
    is, where any is; what can't be understood excludes nothing."""
    named = _NAMED.findall(f"{one} {other}")
    tried = ["0.dev0", *named, *(f"{version}.0.0.1" for version in named)]
    fits = [(fits_specifier(one, version), fits_specifier(other, version)) for version in tried]
    return not named or any(mine is not False and theirs is not False for mine, theirs in fits)


def _translated(specifier: str) -> Iterator[str]:
    """Each condition as PEP 440 writes it."""
    for part in filter(None, (part.strip() for part in _GAP.split(specifier.strip()))):
        if found := _CARET.match(part):
            yield from _up_to(found, _caret_place(found))
        elif not part.startswith("~=") and (found := _TILDE.match(part)):
            yield from _up_to(found, 1 if found[2] else 0)
        elif found := _OPEN.match(part):
            yield f"=={found[1]}.*"
        elif found := _PLAIN.match(part):
            yield f"=={found[1]}"
        elif part not in ("*", "x", "X"):
            yield part


def _caret_place(found: re.Match[str]) -> int:
    """The number that a caret keeps: the first that is not zero, or the last that is written."""
    written = [number for number in found.groups()[:3] if number is not None]
    return next((place for place, number in enumerate(written) if int(number)), len(written) - 1)


def _up_to(found: re.Match[str], kept: int) -> Iterator[str]:
    numbers = [int(number or 0) for number in found.groups()[:3]]
    above = [*numbers[:kept], numbers[kept] + 1]
    yield f">={'.'.join(map(str, numbers))}{found[4]}"
    # Before a release come its own alphas: ^1.2 does not take 2.0.0-beta.
    yield f"<{'.'.join(map(str, above))}.dev0"


def parse_version(text: str) -> Version | None:
    """A version as its tool writes it: PEP 440's, semver's (a tag behind a hyphen is before the release), Debian's
    (epoch and revision of the package left out), or as far as its numbers go (``v20.11.0-alpine`` aside, ``12.4``)."""
    from packaging.version import InvalidVersion, Version

    text = text.strip()
    debian = _DEBIAN.match(text)
    if debian and (debian["epoch"] or re.search(r"deb\d|ubuntu|~|dfsg|\+b\d+$", text)):
        text = _REPACKED.sub("", debian["upstream"]).replace("~", "")
    try:
        return Version(text)
    except InvalidVersion:
        if found := _SEMVER.match(text):
            before = any(mark in text.lower() for mark in _BEFORE_RELEASE)
            return Version(f"{found[1]}.dev0" if before else found[1])
        found = _LEADING.match(text)
        return Version(found.group(1)) if found else None


_BEFORE_RELEASE = (
    "alpha",
    "beta",
    "rc",
    "next",
    "canary",
    "nightly",
    "preview",
    "pre",
    "dev",
    "snapshot",
    "experimental",
)
"""Marks of a version before its release; ``-alpine`` and ``-slim`` name an image instead."""


def installed_versions() -> Mapping[str, str]:
    """The packages that this Python sees, and its own version."""
    import platform

    found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    return {**found, "python": platform.python_version()}
