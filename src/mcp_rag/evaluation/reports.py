"""Figures of an evaluation, log by log: their intervals, their files, and two of them compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError

REPORT, REPORT_VERSION = "mcp-rag-evaluation", 2
"""1 held one report; 2 holds those of all voices of a run, and which logs it took."""

RESAMPLES = 2_000
"""Of the bootstrap (Efron 1979): the 95 % interval then moves by less than a hundredth from seed to seed."""


@dataclass(frozen=True, slots=True)
class Report:
    """Figure → log → value."""

    name: str
    values: Mapping[str, Mapping[str, float]]

    def mean(self, figure: str) -> float:
        """The mean of a figure. Raises KeyError when no log bears it."""
        values = self.values[figure]
        return sum(values.values()) / len(values)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure now less the same before, over the logs that both have, with its 95 % interval (paired bootstrap)."""

    before: float
    change: float
    low: float
    high: float
    logs: int


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean; the same from call to call."""
    import numpy as np

    drawn = np.random.default_rng(7).choice(np.asarray(values, dtype=float), (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def compare(now: Report, before: Report) -> dict[str, Difference]:
    """The differences of all figures that both reports have on at least one common log."""
    differences = {}
    for figure, values in now.values.items():
        earlier = before.values.get(figure, {})
        both = [(values[log], earlier[log]) for log in values if log in earlier]
        if both:
            changes = [new - old for new, old in both]
            mean = sum(old for _, old in both) / len(both)
            differences[figure] = Difference(mean, sum(changes) / len(both), *interval(changes), len(both))
    return differences


def counterpart(name: str, reports: Sequence[Report]) -> Report | None:
    """The earlier report to compare one of that name with: its namesake, or the only one there is."""
    return next((one for one in reports if one.name == name), reports[0] if len(reports) == 1 else None)


def to_json(reports: Sequence[Report], sample: str) -> dict[str, Any]:
    """What is stored; ``sample`` says in words which logs were taken."""
    rows = [{"name": one.name, "values": one.values} for one in reports]
    return {"format": REPORT, "version": REPORT_VERSION, "sample": sample, "reports": rows}


def write_reports(file: Path, reports: Sequence[Report], sample: str) -> None:
    """Store reports; a kill meanwhile leaves what was stored before.

    Raises:
        InputError: the file cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(json.dumps(to_json(reports, sample), ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as fault:
        raise InputError(
            f"The report {file} cannot be written", str(fault), "Name a file in a writable folder"
        ) from fault


def read_reports(file: Path) -> list[Report]:
    """The reports that a file holds.

    Raises:
        InputError: it is none, or of a later version.
    """
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        if row["format"] == REPORT and row["version"] <= REPORT_VERSION:
            return [_report(one) for one in (row["reports"] if row["version"] > 1 else [row])]
        why = f"its format is {row['format']!r}, version {row['version']}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        why = str(fault)
    raise InputError(
        f"{file} is no report of an evaluation", why, "`mcp-rag evaluate diagnosis --report FILE` writes one"
    )


def _report(row: Mapping[str, Any]) -> Report:
    values = {str(f): {str(log): float(v) for log, v in logs.items()} for f, logs in row["values"].items()}
    return Report(str(row["name"]), values)
