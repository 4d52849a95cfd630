"""applies_to against versions, with real version semantics."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_rag.errors import InputError
from mcp_rag.knowledge.lock_files import versions_from_file
from mcp_rag.knowledge.version_check import check_versions, fits_specifier, installed_versions
from mcp_rag.records import Applicability

APPLIES, NOT, CANT = Applicability.APPLIES, Applicability.DOES_NOT_APPLY, Applicability.CANT_TELL


@pytest.mark.parametrize(
    ("applies_to", "seen", "verdict"),
    [
        ({"numpy": ">=1.24"}, {"numpy": "1.24.0"}, APPLIES),
        ({"numpy": ">=1.24"}, {"numpy": "1.9"}, NOT),
        ({"numpy": ">=1.24"}, {"pandas": "3"}, CANT),
        ({"flash_attn": "<3"}, {"Flash-Attn": "2.8.post1"}, APPLIES),
        ({"node": ">=17"}, {"node": "v20.11.0-nightly"}, APPLIES),
        ({"torch": ">=2.6"}, {"torch": "2.13.0+cpu"}, APPLIES),
        ({"torch": ">=2.6"}, {"torch": "2.6.0rc1"}, NOT),
        ({"a": ">=1", "b": ">=1"}, {"a": "2", "b": "0.1"}, NOT),
        ({"a": ">=1", "b": ">=1"}, {"a": "2"}, APPLIES),
        ({"a": ">=1"}, {"a": "nightly"}, CANT),
        ({}, {"a": "1"}, CANT),
    ],
)
def test_versions_decide(applies_to: dict[str, str], seen: dict[str, str], verdict: Applicability) -> None:
    check = check_versions(applies_to, seen)
    assert check.applicability is verdict
    assert check.reason or not applies_to


@pytest.mark.parametrize(
    ("specifier", "version", "fits"),
    [
        ("^1.2.3", "1.9.0", True),
        ("^1.2.3", "2.0.0", False),
        ("^1.2.3", "2.0.0-beta.1", False),
        ("^0.2.3", "0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        ("^1", "1.99", True),
        ("~1.2.3", "1.2.9", True),
        ("~1.2.3", "1.3.0", False),
        ("~=1.2.3", "1.2.9", True),
        ("1.x", "1.7.2", True),
        ("1.x", "2.0", False),
        (">=1 <2 || ^3.1", "3.2.0", True),
        (">=1 <2 || ^3.1", "2.5.0", False),
        (">= 1.2, < 2", "1.5", True),
        ("4.17.21", "4.17.21", True),
        (">=16", "15.0.0-next.3", False),
        (">=15", "15.0.0-next.3", False),
        (">=20", "20.11.0-alpine", True),
        (">=2.36", "2.36-9+deb12u4", True),
        ("==2.36", "2.36-9+deb12u4", True),
        (">=3", "1:2.39.5-0+deb12u2", False),
        ("<3", "3.0.2-0ubuntu1.18", False),
        ("<2", "2.0~rc1-1", False),
        (">=2", "2.0~rc1-1", False),
        ("==9.18.28", "1:9.18.28+dfsg-1~deb12u2", True),
        (">=1.1.1", "1.1.1k", True),
        (">=1.8", "1.8.0_392", True),
        ("*", "1.0", True),
        ("what", "1.0", None),
        (">=1", "what", None),
    ],
)
def test_every_ecosystem_s_versions_are_compared_as_it_does(specifier: str, version: str, fits: bool | None) -> None:
    assert fits_specifier(specifier, version) is fits


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "# pins\nnumpy==2.4.6 ; python_version > '3'\npkg[extra]==1.0\nloose>=1\n"),
        ("uv.lock", '[[package]]\nname = "numpy"\nversion = "2.4.6"\n[[package]]\nname = "pkg"\nversion = "1.0"\n'),
        (
            "package-lock.json",
            '{"packages": {"": {}, "node_modules/numpy": {"version": "2.4.6"}, "node_modules/pkg": {"version": "1.0"},'
            ' "node_modules/pkg/node_modules/numpy": {"version": "1.0"}}}',
        ),
        ("package-lock.json", '{"dependencies": {"numpy": {"version": "2.4.6"}, "pkg": {"version": "1.0"}}}'),
        ("poetry.lock", '[[package]]\nname = "numpy"\nversion = "2.4.6"\n[[package]]\nname = "pkg"\nversion = "1.0"\n'),
        ("Pipfile.lock", '{"default": {"numpy": {"version": "==2.4.6"}}, "develop": {"pkg": {"version": "==1.0"}}}'),
        (
            "Cargo.lock",
            'version = 4\n[[package]]\nname = "numpy"\nversion = "2.4.6"\n[[package]]\nname = "pkg"\nversion = "1.0"\n',
        ),
        ("yarn.lock", 'numpy@^2.0:\n  version "2.4.6"\n\n"pkg@~1.0, pkg@1":\n  version "1.0"\n'),
        ("pnpm-lock.yaml", "packages:\n  numpy@2.4.6:\n    resolution: {}\n  /pkg@1.0(peer@2):\n    dev: true\n"),
        ("Gemfile.lock", "GEM\n  specs:\n    numpy (2.4.6)\n      rake (>= 1)\n    pkg (1.0)\n"),
        ("composer.lock", '{"packages": [{"name": "numpy", "version": "v2.4.6"}, {"name": "pkg", "version": "1.0"}]}'),
        ("environment.yml", "dependencies:\n  - numpy=2.4.6=py311\n  - conda-forge::pkg=1.0\n  - pip:\n"),
    ],
)
def test_pins_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert versions_from_file(tmp_path / name) == {"numpy": "2.4.6", "pkg": "1.0"}


def test_modules_of_go_are_read_with_go_itself(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(
        "module x.org/app\n\ngo 1.22.1\n\nrequire (\n\tgithub.com/a/b v1.2.3 // indirect\n)\nrequire golang.org/x/net v0.30.0\n"
    )
    assert versions_from_file(tmp_path / "go.mod") == {
        "go": "1.22.1",
        "github.com/a/b": "1.2.3",
        "golang.org/x/net": "0.30.0",
    }


@pytest.mark.parametrize("name", ["absent.txt", "broken.json", "broken.lock"])
def test_files_that_cannot_be_read_say_so(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_text("[")
    with pytest.raises(InputError, match=name):
        versions_from_file(tmp_path / name)


def test_this_environment_knows_itself() -> None:
    versions = installed_versions()
    assert versions["packaging"]
    assert check_versions({"python": ">=3.11"}, versions).applicability is APPLIES
