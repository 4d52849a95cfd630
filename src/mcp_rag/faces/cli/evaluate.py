"""``mcp-rag evaluate``: how good the answers are, on labelled data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.faces.cli.options import json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell

if TYPE_CHECKING:
    from mcp_rag.evaluation.diagnosing import Difference, Report
    from mcp_rag.evaluation.labelled import Labelled
    from mcp_rag.evaluation.retrieving import LabelledQuery, RetrievalReport
    from mcp_rag.settings import Settings


@click.group()
def evaluate() -> None:
    """Score the assistant on labelled data."""


@evaluate.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--chat", is_flag=True, help="Score the answers that the language model words, beside those without it.")
@click.option("--own-home", is_flag=True, help="With what this home has learned.  [default: a fresh home]")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Store the figures of every log here.")
@click.option("--compare", type=click.Path(path_type=Path, dir_okay=False), help="A stored report to compare with.")
@json_option
def diagnosis(
    folder: Path, chat: bool, own_home: bool, report: Path | None, compare: Path | None, as_json: bool
) -> None:
    """Diagnose the logs that FOLDER/gold.jsonl labels, and count what is right.

    Each figure is a mean over logs, with its 95 % bootstrap interval; --compare sets an earlier report beside it, log
    by log. A row of gold.jsonl has file, kind (known, project, clean), key (the line that names the cause), accept and
    fix_accept (expressions that a right cause and fix hold). Nothing is recorded.
    """
    from mcp_rag.errors import SettingsError
    from mcp_rag.evaluation import diagnosing
    from mcp_rag.evaluation.labelled import read_labelled

    settings = settings_from()
    if chat and not settings.chat_base_url:
        raise SettingsError("No language model is set", "--chat scores one", "Set MCP_RAG_CHAT_BASE_URL")
    rows = read_labelled(folder)
    earlier = diagnosing.read_report(compare) if compare else None
    reports = [_evaluated(rows, settings, own_home, use_chat) for use_chat in ((False, True) if chat else (False,))]
    for each in reports:
        differences = diagnosing.compare(each, earlier) if earlier else {}
        _emit(each, differences) if as_json else _show(each, differences, earlier)
    if report:
        report.write_text(json.dumps(reports[-1].to_json(), ensure_ascii=False) + "\n", encoding="utf-8")
        tell(f"stored in {report}")


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
                raise InputError("No known issue was read", why, "Give what `mcp-rag learn` takes, unpacked")
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


def _evaluated(rows: list[Labelled], settings: Settings, own_home: bool, use_chat: bool) -> Report:
    import tempfile
    from dataclasses import replace

    from mcp_rag.evaluation.diagnosing import evaluate as evaluated
    from mcp_rag.wiring import open_house, source_of

    name = settings.chat_model or "a language model" if use_chat else "without a language model"
    with tempfile.TemporaryDirectory(prefix="mcp-rag-evaluate-") as fresh:
        house_of = settings if own_home else replace(settings, home=Path(fresh), ledger_url="", milvus_uri="")
        # A fresh home has no models of its own: the installed ones are used.
        if not own_home and settings.models_folder.is_dir():
            (Path(fresh) / "models").symlink_to(settings.models_folder)
        with open_house(house_of, tell, use_chat=use_chat) as house, progress_bar("diagnosing") as progress:
            return evaluated(name, rows, lambda log: house.assistant.diagnose(source_of(log)), progress)


def _emit(report: Report, differences: Mapping[str, Difference]) -> None:
    from mcp_rag.evaluation.diagnosing import interval

    for figure, values in report.values.items():
        low, high = interval(list(values.values()))
        row: dict[str, Any] = {
            "model": report.name,
            "figure": figure,
            "mean": report.mean(figure),
            "low": low,
            "high": high,
        }
        row["logs"] = len(values)
        if figure in differences:
            d = differences[figure]
            row["compared"] = {"before": d.before, "change": d.change, "low": d.low, "high": d.high, "logs": d.logs}
        emit(row)


def _show(report: Report, differences: Mapping[str, Difference], earlier: Report | None) -> None:
    from rich.table import Table

    from mcp_rag.evaluation.diagnosing import interval
    from mcp_rag.faces.cli.rendering import console

    table = Table(title=report.name, title_justify="left")
    for heading in ("figure", "mean", "95 %", "logs", *(("change", "95 %") if earlier else ())):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure, values in report.values.items():
        low, high = interval(list(values.values()))
        cells = [figure, f"{report.mean(figure):.3f}", f"{low:.3f} … {high:.3f}", str(len(values))]
        if figure in differences:
            d = differences[figure]
            cells += [f"{d.change:+.3f}", f"{d.low:+.3f} … {d.high:+.3f}"]
        table.add_row(*cells)
    console().print(table)
