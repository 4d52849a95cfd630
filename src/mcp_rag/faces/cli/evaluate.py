"""``mcp-rag evaluate``: how good the answers are, on labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.faces.cli.evaluate_diagnosis import diagnosis
from mcp_rag.faces.cli.options import json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell

if TYPE_CHECKING:
    from mcp_rag.evaluation.retrieving import LabelledQuery, RetrievalReport


@click.group()
def evaluate() -> None:
    """Score the assistant on labelled data."""


evaluate.add_command(diagnosis)


@evaluate.command()
@click.argument("documents", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[DOCUMENT]...")
@click.argument("queries", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--without-half", is_flag=True, help="Take half of the answers out: their queries should get none.")
@click.option("--ablation", is_flag=True, help="Also rank without each part, and with some parts alone.")
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), help="Draw the curves into this folder.")
@json_option
def retrieval(
    documents: tuple[Path, ...],
    queries: Path,
    without_half: bool,
    ablation: bool,
    pictures: Path | None,
    as_json: bool,
) -> None:
    """Search for each labelled error of QUERIES, and count how often the right known issue comes first.

    QUERIES is JSONL: {"id", "text", "gold": [ids of the known issues that answer it]}; an empty gold says that nothing
    known does. The DOCUMENTs are learned in a fresh home and searched alone; without any, this home's knowledge is
    searched. AUC is the chance that a right answer has more confidence than a wrong one; right@75 the share of the
    answerable queries answered right while three in four answers given are right.
    """
    from mcp_rag.evaluation import retrieving

    if without_half and not documents:
        raise click.UsageError("--without-half needs DOCUMENTs: nothing is taken out of your own knowledge")
    report = _searched(documents, retrieving.read_queries(queries), without_half, ablation)
    if as_json:
        _emit_search(report)
    else:
        _show_search(report)
    if pictures:
        from mcp_rag.evaluation.pictures import draw

        for path in draw(report, pictures):
            tell(f"drawn in {path}")


def _searched(
    documents: tuple[Path, ...], queries: list[LabelledQuery], without_half: bool, ablation: bool
) -> RetrievalReport:
    import tempfile
    from dataclasses import replace

    from mcp_rag import librarian
    from mcp_rag.errors import InputError
    from mcp_rag.evaluation import retrieving
    from mcp_rag.wiring import open_house, redactor_of

    settings = settings_from()
    gone = retrieving.taken_out(queries) if without_half else frozenset()
    with tempfile.TemporaryDirectory(prefix="mcp-rag-evaluate-") as fresh:
        fresh_home = settings
        if documents:
            fresh_home = replace(settings, home=Path(fresh), ledger_url="", milvus_uri="", starter=False)
            if settings.models_folder.is_dir():
                (Path(fresh) / "models").symlink_to(settings.models_folder)
        with open_house(fresh_home, tell) as house:
            learned = librarian.learn(house.ledger, documents)
            if documents and not learned.added:
                why = ", ".join(f"{number} × {reason}" for reason, number in learned.skipped.items())
                raise InputError("No known issue was read", why, "Give what `mcp-rag learn` takes")
            out = [issue.key for issue in house.ledger.issues.all() if issue.id in gone]
            house.ledger.issues.remove(out)
            known = frozenset(issue.id for issue in house.ledger.issues.all())
            with progress_bar("Indexing") as progress:
                house.index.follow(progress)
            search = retrieving.searching(house.knowledge, redactor_of(settings))
            return retrieving.evaluate(queries, known, search, ablation)


def _emit_search(report: RetrievalReport) -> None:
    emit({"queries": report.queries, "answerable": report.answerable, **report.figures})
    for name, figures in report.ablation.items():
        emit({"part": name, **figures})
    for x, y, number in report.reliability:
        emit({"curve": "reliability", "confidence": x, "right": y, "queries": number})
    for recall, precision in report.precision_recall:
        emit({"curve": "precision-recall", "recall": recall, "precision": precision})


def _show_search(report: RetrievalReport) -> None:
    from rich.table import Table

    from mcp_rag.faces.cli.rendering import console

    table = Table(title=f"{report.queries} queries, {report.answerable} of them answerable", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in report.figures.items():
        table.add_row(name, f"{value:.3f}")
    console().print(table)
    curve = Table(title="Reliability", title_justify="left")
    for heading in ("confidence", "right", "queries"):
        curve.add_column(heading, justify="right")
    for x, y, number in report.reliability:
        curve.add_row(f"{x:.2f}", f"{y:.2f}", str(number))
    console().print(curve)
    if report.ablation:
        parts = Table(title="What each part adds", title_justify="left")
        for heading in ("", "R@1", "R@5", "R@10", "MRR@10"):
            parts.add_column(heading, justify="right" if heading else "left")
        for name, figures in report.ablation.items():
            parts.add_row(name, *(f"{figures[heading]:.3f}" for heading in ("R@1", "R@5", "R@10", "MRR@10")))
        console().print(parts)
