"""applies_to against versions, with real version semantics."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_rag.errors import InputError
from mcp_rag.knowledge.version_check import check_versions, installed_versions, versions_from_file
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
    ("name", "text"),
    [
        ("requirements.txt", "# pins\nnumpy==2.4.6 ; python_version > '3'\npkg[extra]==1.0\nloose>=1\n"),
        ("uv.lock", '[[package]]\nname = "numpy"\nversion = "2.4.6"\n[[package]]\nname = "pkg"\nversion = "1.0"\n'),
        (
            "package-lock.json",
            '{"packages": {"": {}, "node_modules/numpy": {"version": "2.4.6"}, "node_modules/pkg": {"version": "1.0"}}}',
        ),
    ],
)
def test_pins_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert versions_from_file(tmp_path / name) == {"numpy": "2.4.6", "pkg": "1.0"}


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
