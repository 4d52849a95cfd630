"""The evaluation of a search as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError, MissingExtra
from mcp_rag.evaluation.retrieving import RetrievalReport


def draw(report: RetrievalReport, folder: Path, kind: str = "svg") -> Iterator[Path]:
    """Write the reliability curve, the precision-recall curve and, when it was measured, the ablation.

    Raises:
        MissingExtra: matplotlib is not installed.
        InputError: the folder cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as fault:
        next_step = "pip install 'mcp-rag[pictures]'"
        raise MissingExtra("Pictures need matplotlib", str(fault), next_step) from fault
    drawn: list[tuple[str, Callable[[Any, RetrievalReport], None]]] = [
        ("reliability", _reliability),
        ("precision-recall", _precision_recall),
    ]
    if report.ablation:
        drawn.append(("ablation", _ablation))
    for name, paint in drawn:
        figure = Figure(figsize=(7, 5), layout="constrained")
        paint(figure.subplots(), report)
        path = folder / f"{name}.{kind}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(path)
        except OSError as fault:
            raise InputError(f"{path} cannot be written", str(fault), "Name another folder") from fault
        yield path


def _reliability(axes: Any, report: RetrievalReport) -> None:
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey", label="as sure as right")
    axes.plot(
        [x for x, _, _ in report.reliability], [y for _, y, _ in report.reliability], marker="o", label="measured"
    )
    for x, y, number in report.reliability:
        axes.annotate(str(number), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.set(title=f"Reliability over {report.queries} queries", xlabel="confidence", ylabel="share that is right")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()


def _precision_recall(axes: Any, report: RetrievalReport) -> None:
    axes.step([r for r, _ in report.precision_recall], [p for _, p in report.precision_recall], where="post")
    figures = report.figures
    axes.plot([figures["recall"]], [figures["precision"]], marker="o", color="black", label="as decided")
    axes.set(title="Precision and recall", xlabel="answerable queries answered right", ylabel="answers that are right")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()


def _ablation(axes: Any, report: RetrievalReport) -> None:
    names = list(report.ablation)[::-1]
    for depth, colour in (("R@10", "lightgrey"), ("R@1", "steelblue")):
        axes.barh(names, [report.ablation[name][depth] for name in names], color=colour, label=depth)
    axes.axvline(report.ablation["all parts"]["R@1"], linestyle=":", color="black")
    axes.set(title="What each part adds", xlim=(0, 1))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2)
