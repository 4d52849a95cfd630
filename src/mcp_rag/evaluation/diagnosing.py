"""Diagnoses against labels: figures with intervals, and reports that can be compared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.evaluation.labelled import Labelled
from mcp_rag.logs.cleaning import clean_text
from mcp_rag.records import Diagnosis, Verdict

REPORT, REPORT_VERSION = "mcp-rag-evaluation", 1

RESAMPLES = 2_000
"""Of the bootstrap (Efron 1979): the 95 % interval then moves by less than a hundredth from seed to seed."""

LINES_COUNTED = 50

FITS_AT_MOST = 10
"""An answer that fits the accepted fixes of more known failures than this answers none of them."""

FIGURES = (
    "key line in first span",
    f"key line in {LINES_COUNTED} lines",
    "right fix",
    "wrong known",
    "right cause when known",
    "honest unknown",
    "clean is clean",
    "citations true",
    "seconds",
)
"""In the order of the table; all are means over logs of 0 … 1 but the last. *wrong known* is of all logs."""

Diagnose = Callable[[str], Diagnosis]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """Figure → log → value."""

    name: str
    values: Mapping[str, Mapping[str, float]]

    def mean(self, figure: str) -> float:
        """The mean of a figure. Raises KeyError when no log bears it."""
        values = self.values[figure]
        return sum(values.values()) / len(values)

    def to_json(self) -> dict[str, Any]:
        return {"format": REPORT, "version": REPORT_VERSION, "name": self.name, "values": self.values}


def evaluate(name: str, rows: Sequence[Labelled], diagnose: Diagnose, progress: Progress) -> Report:
    """Diagnose every log by its path and hold the answer against its label."""
    accepted = [row.fix for row in rows if row.fix]
    values: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 1):
        begun = time.perf_counter()
        diagnosis = diagnose(str(row.path))
        seconds = time.perf_counter() - begun
        fits = sum(bool(diagnosis.fix and fix.search(diagnosis.fix.text)) for fix in accepted)
        for figure, value in (*_judged(row, diagnosis, fits <= FITS_AT_MOST), ("seconds", seconds)):
            values.setdefault(figure, {})[row.file] = float(value)
        progress(number, len(rows))
    return Report(name, {figure: values[figure] for figure in FIGURES if figure in values})


def _judged(row: Labelled, diagnosis: Diagnosis, specific: bool) -> Iterator[tuple[str, float]]:
    known = diagnosis.verdict is Verdict.KNOWN
    right = known and specific and bool(row.fix and diagnosis.fix and row.fix.search(diagnosis.fix.text))
    if row.kind == "clean":
        yield "clean is clean", diagnosis.verdict is Verdict.CLEAN
    else:
        shown = [line for span in diagnosis.spans for line in range(span.first, span.last + 1)]
        yield FIGURES[0], bool(row.key_lines & set(shown[: len(diagnosis.spans[0])] if shown else ()))
        yield FIGURES[1], bool(row.key_lines & set(shown[:LINES_COUNTED]))
    if row.kind == "known" and not row.borderline:
        yield "right fix", right
        if known and row.cause:
            yield "right cause when known", bool(diagnosis.cause and row.cause.search(diagnosis.cause.text))
    if not row.borderline:
        yield "wrong known", known and not right
    if row.kind == "project" and not row.borderline:
        yield "honest unknown", diagnosis.verdict is Verdict.UNKNOWN
    if diagnosis.citations:
        lines = row.path.read_bytes().split(b"\n")
        yield (
            "citations true",
            sum(_says(lines, c.line, c.quote) for c in diagnosis.citations) / len(diagnosis.citations),
        )


def _says(lines: Sequence[bytes], number: int, quote: str) -> bool:
    """Whether that line of the log, cleaned or inside its JSON record, begins its quote."""
    if not 0 < number <= len(lines):
        return False
    raw = lines[number - 1].decode("utf-8", "replace")
    said = quote.split("<redacted", maxsplit=1)[0].strip()
    return said in clean_text(raw) or said in raw.encode().decode("unicode_escape", "replace") or _in_record(raw, said)


def _in_record(raw: str, said: str) -> bool:
    try:
        return said.replace(" ⏎ ", "\n") in "\n".join(_texts(json.loads(raw)))
    except ValueError:
        return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean; the same from call to call."""
    import numpy as np

    drawn = np.random.default_rng(7).choice(np.asarray(values, dtype=float), (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure now less the same before, over the logs that both have, with its 95 % interval (paired bootstrap)."""

    before: float
    change: float
    low: float
    high: float
    logs: int


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


def read_report(file: Path) -> Report:
    """A report that was stored.

    Raises:
        InputError: it is none, or of a later version.
    """
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        if row["format"] == REPORT and row["version"] <= REPORT_VERSION:
            values = {str(f): {str(log): float(v) for log, v in logs.items()} for f, logs in row["values"].items()}
            return Report(str(row["name"]), values)
        why = f"its format is {row['format']!r}, version {row['version']}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        why = str(fault)
    raise InputError(
        f"{file} is no report of an evaluation", why, "`mcp-rag evaluate diagnosis --report FILE` writes one"
    )
