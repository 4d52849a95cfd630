"""``mcp-rag evaluate diagnosis``: diagnoses of labelled logs, without a language model and in the words of some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.faces.cli.options import json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell

if TYPE_CHECKING:
    from mcp_rag.evaluation.diagnosing import Keep
    from mcp_rag.evaluation.labelled import Labelled
    from mcp_rag.evaluation.reports import Difference, Report
    from mcp_rag.evaluation.voices import Voice
    from mcp_rag.records import Diagnosis
    from mcp_rag.settings import Settings
    from mcp_rag.wiring import House


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--chat", is_flag=True, help="Score the answers that the language model words, beside those without it.")
@click.option(
    "--with",
    "places",
    multiple=True,
    metavar="URL[#MODEL]",
    help="Score another model's too: a server's URL, or embedded:FILE.gguf. May be given again.",
)
@click.option("--judge", metavar="URL[#MODEL]", help="A model that says whether each answer names the labelled cause.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Take N logs only, of each kind its share: always the same ones, by their names' SHA-256.",
)
@click.option("--own-home", is_flag=True, help="With what this home has learned.  [default: a fresh home]")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Store the figures here, after each log."
)
@click.option("--resume", is_flag=True, help="Take the logs that --report holds already from there.")
@click.option("--compare", type=click.Path(path_type=Path, dir_okay=False), help="A stored report to compare with.")
@json_option
def diagnosis(
    folder: Path,
    chat: bool,
    places: tuple[str, ...],
    judge: str | None,
    sample: int | None,
    own_home: bool,
    report: Path | None,
    resume: bool,
    compare: Path | None,
    as_json: bool,
) -> None:
    """Diagnose the logs that FOLDER/gold.jsonl labels, and count what is right.

    Each figure is a mean over logs, with its 95 % bootstrap interval; a model's stand beside those without one, with
    their difference log by log, and --compare sets an earlier report beside both. A row of gold.jsonl has file, kind
    (known, project, clean), key (the line that names the cause), accept and fix_accept (expressions that a right cause
    and fix hold). Nothing is recorded. Ctrl-C ends it with the figures of the logs that are done; --resume goes on from
    there, or after a crash, with the same models and settings.
    """
    from mcp_rag.errors import InputError, SettingsError
    from mcp_rag.evaluation import reports
    from mcp_rag.evaluation.labelled import read_labelled, sampled

    settings = settings_from()
    if chat and not settings.chat_base_url:
        raise SettingsError("No language model is set", "--chat scores one", "Set MCP_RAG_CHAT_BASE_URL")
    labelled = read_labelled(folder)
    rows = sampled(labelled, sample) if sample else labelled
    earlier = reports.read_reports(compare) if compare else []
    if resume and not report:
        raise click.UsageError("--resume needs --report FILE, which holds what is done")
    if report and not report.parent.is_dir():
        raise InputError(f"The report {report} cannot be written", f"{report.parent} is no folder", "Make it first")
    before = reports.read_reports(report) if resume and report and report.exists() else []
    places = (*((_as_set(settings),) if chat else ()), *places)

    def taken_of(found: Sequence[Report]) -> str:
        return _taken(len(found[0].values["seconds"]), len(labelled))

    def keep(found: Sequence[Report]) -> None:
        if report:
            reports.write_reports(report, found, taken_of(found))

    done = _evaluated(rows, settings, own_home, places, judge, before, keep)
    looked_at = len(done[0].values["seconds"])
    if looked_at < len(rows):
        tell(f"interrupted: the figures are of {looked_at} logs")
    taken = taken_of(done)
    _emit(done, earlier, taken) if as_json else _show(done, earlier, taken)
    if report:
        keep(done)
        tell(f"stored in {report}")


def _taken(looked_at: int, labelled: int) -> str:
    return f"{looked_at} of {labelled} logs" if looked_at < labelled else f"{looked_at} logs"


def _as_set(settings: Settings) -> str:
    return f"{settings.chat_base_url}#{settings.chat_model}"


def _evaluated(
    rows: Sequence[Labelled],
    settings: Settings,
    own_home: bool,
    places: Sequence[str],
    judge: str | None,
    earlier: Sequence[Report],
    keep: Keep,
) -> list[Report]:
    from mcp_rag.evaluation.diagnosing import evaluate
    from mcp_rag.evaluation.judging import Judge
    from mcp_rag.evaluation.voices import alone
    from mcp_rag.wiring import chat_at, source_of

    with _house(settings, own_home) as house, progress_bar("diagnosing") as progress:
        voices = [alone(), *(_voice(place, house) for place in places)]
        judging = Judge(chat_at(judge, settings, house.ledger)) if judge else None

        def diagnosed(log: str) -> Diagnosis:
            return house.assistant.diagnose(source_of(log))

        return evaluate(rows, diagnosed, voices, progress, judging, earlier, keep)


@contextmanager
def _house(settings: Settings, own_home: bool) -> Iterator[House]:
    """This home, or a fresh one with its installed embedding models; without a language model of its own."""
    import tempfile

    from mcp_rag.wiring import open_house

    with tempfile.TemporaryDirectory(prefix="mcp-rag-evaluate-") as fresh:
        house_of = settings if own_home else replace(settings, home=Path(fresh), ledger_url="", milvus_uri="")
        if not own_home and settings.models_folder.is_dir():
            (Path(fresh) / "models").symlink_to(settings.models_folder)
        with open_house(house_of, tell, use_chat=False) as house:
            yield house


def _voice(place: str, house: House) -> Voice:
    from mcp_rag.evaluation.voices import spoken_by
    from mcp_rag.wiring import chat_at

    chat = chat_at(place, house.settings, house.ledger)
    where = " (embedded)" if place.startswith("embedded:") else ""
    return spoken_by(
        f"{chat.name}{where}",
        chat,
        lambda plain, heard: replace(house.assistant, chat=heard, hard_chat=None).word(plain),
    )


def _emit(done: Sequence[Report], earlier: Sequence[Report], taken: str) -> None:
    from mcp_rag.evaluation.diagnosing import changed_logs
    from mcp_rag.evaluation.reports import compare, counterpart, interval

    first, *others = done
    for each in done:
        before = counterpart(each.name, earlier)
        differences = compare(each, before) if before else {}
        beside = compare(each, first) if each is not first else {}
        for figure, values in each.values.items():
            low, high = interval(list(values.values()))
            row: dict[str, Any] = {"model": each.name, "figure": figure, "mean": each.mean(figure)}
            row |= {"low": low, "high": high, "logs": len(values)}
            row |= _changed("without_model", beside.get(figure)) | _changed("compared", differences.get(figure))
            emit(row)
    for each in others:
        worse, better = changed_logs(each, first)
        emit({"model": each.name, "worse_than_without": worse, "better_than_without": better, "taken": taken})


def _changed(name: str, found: Difference | None) -> dict[str, Any]:
    if found is None:
        return {}
    row = {"before": found.before, "change": found.change, "low": found.low, "high": found.high, "logs": found.logs}
    return {name: row}


def _show(done: Sequence[Report], earlier: Sequence[Report], taken: str) -> None:
    from rich.table import Table

    from mcp_rag.evaluation.diagnosing import FIGURES, changed_logs
    from mcp_rag.evaluation.reports import compare, counterpart
    from mcp_rag.faces.cli.rendering import console

    first, *others = done
    table = Table(title=taken, title_justify="left")
    table.add_column("figure")
    for heading in ("logs", *(each.name for each in done)):
        table.add_column(heading, justify="right")
    beside = {each.name: compare(each, first) for each in others}
    for figure in FIGURES:
        logs = max(len(each.values.get(figure, {})) for each in done)
        if logs:
            cells = [_cell(each, figure, beside.get(each.name, {}).get(figure)) for each in done]
            table.add_row(figure, str(logs), *cells)
    console().print(table)
    for each in others:
        worse, better = changed_logs(each, first)
        named = f": {', '.join(worse)}" if worse else ""
        click.echo(f"{each.name}: better than without on {len(better)} logs, worse on {len(worse)}{named}")
    for each in done:
        before = counterpart(each.name, earlier)
        if before:
            _show_changes(each, compare(each, before))


def _cell(report: Report, figure: str, difference: Difference | None) -> str:
    from mcp_rag.evaluation.reports import interval

    values = report.values.get(figure)
    if not values:
        return "–"
    low, high = interval(list(values.values()))
    shown = f"{_number(report.mean(figure))}\n{_number(low)} … {_number(high)}"
    return shown if difference is None or figure == "seconds" else f"{shown}\n{_signed(difference)}"


def _show_changes(report: Report, differences: Mapping[str, Difference]) -> None:
    from rich.table import Table

    from mcp_rag.faces.cli.rendering import console

    table = Table(title=f"{report.name}, compared", title_justify="left")
    for heading in ("figure", "before", "now", "change", "95 %", "logs"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure, found in differences.items():
        change, _, bounds = _signed(found).partition("  ")
        now = found.before + found.change
        table.add_row(figure, _number(found.before), _number(now), change, bounds, str(found.logs))
    console().print(table)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def _signed(found: Difference) -> str:
    return f"{found.change:+.3f}  {found.low:+.3f} … {found.high:+.3f}"
