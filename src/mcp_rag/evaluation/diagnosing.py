"""Diagnoses against labels, as each voice words them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mcp_rag.evaluation.judging import Judge
from mcp_rag.evaluation.labelled import Labelled
from mcp_rag.evaluation.reports import Report
from mcp_rag.evaluation.voices import Spoken, Voice
from mcp_rag.logs.cleaning import clean_text
from mcp_rag.reasoning.wording import NOTHING_BEARS_IT
from mcp_rag.records import Diagnosis, Verdict

LINES_COUNTED = 50

FITS_AT_MOST = 10
"""An answer that fits the accepted fixes of more known failures than this answers none of them."""

SHARES = (
    "key line in first span",
    f"key line in {LINES_COUNTED} lines",
    "right fix",
    "wrong known",
    "right cause when known",
    "cause named",
    "cause named, judged",
    "honest unknown",
    "clean is clean",
    "citations true",
    "known and worded",
    "usable answer",
    "statements unsupported",
)
"""Means over logs of 0 … 1, in the order of the table. *wrong known* is of all logs; *cause named* of all that failed,
also by the message that is shown, or by what a model reads, where nothing known matches."""

AMOUNTS = ("commands invented", "prompt tokens", "answer tokens", "seconds")
FIGURES = (*SHARES, *AMOUNTS)

BETTER = {"right fix": 1, "right cause when known": 1, "cause named": 1, "honest unknown": 1, "wrong known": -1}
"""Figures of the answer itself, and which way is better."""

Diagnose = Callable[[str], Diagnosis]
Progress = Callable[[int, int], None]
Keep = Callable[[Sequence[Report]], None]


def evaluate(
    rows: Sequence[Labelled],
    diagnose: Diagnose,
    voices: Sequence[Voice],
    progress: Progress,
    judge: Judge | None = None,
    earlier: Sequence[Report] = (),
    keep: Keep | None = None,
) -> list[Report]:
    """Diagnose every log once, by its path, have each voice word that, and hold the answers against the label.

    Logs that ``earlier`` holds for every voice are taken from there; ``keep`` is given the reports after each other log.
    Interrupted, it gives the figures of the logs that are done, if any are.
    """
    accepted = [row.fix for row in rows if row.fix]
    values = [_taken_over(voice, rows, earlier) for voice in voices]
    for number, row in enumerate(rows, 1):
        if all(row.file in mine.get("seconds", {}) for mine in values):
            progress(number, len(rows))
            continue
        try:
            answers = _answers(row, diagnose, voices, accepted, judge)
        except KeyboardInterrupt:
            if not any(values):
                raise
            break
        for mine, figures in zip(values, answers, strict=True):
            for figure, value in figures.items():
                mine.setdefault(figure, {})[row.file] = value
        progress(number, len(rows))
        if keep:
            keep(_reports(voices, values))
    return _reports(voices, values)


def _taken_over(voice: Voice, rows: Sequence[Labelled], earlier: Sequence[Report]) -> dict[str, dict[str, float]]:
    """What an earlier run found of these logs for this voice."""
    before = next((one.values for one in earlier if one.name == voice.name), {})
    files = {row.file for row in rows}
    kept = {figure: {log: value for log, value in logs.items() if log in files} for figure, logs in before.items()}
    return {figure: logs for figure, logs in kept.items() if logs}


def _reports(voices: Sequence[Voice], values: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Report]:
    ordered = [{figure: dict(mine[figure]) for figure in FIGURES if figure in mine} for mine in values]
    return [Report(voice.name, mine) for voice, mine in zip(voices, ordered, strict=True)]


def _answers(
    row: Labelled, diagnose: Diagnose, voices: Sequence[Voice], accepted: Sequence[re.Pattern[str]], judge: Judge | None
) -> list[dict[str, float]]:
    """One log's figures for each voice."""
    begun = time.perf_counter()
    plain = diagnose(str(row.path))
    seconds = time.perf_counter() - begun
    answers = []
    for voice in voices:
        spoken = voice.word(plain)
        fits = sum(bool(spoken.diagnosis.fix and fix.search(spoken.diagnosis.fix.text)) for fix in accepted)
        figures = _figures(row, spoken, fits <= FITS_AT_MOST, judge, seconds)
        answers.append({figure: float(value) for figure, value in figures})
    return answers


def changed_logs(now: Report, before: Report) -> tuple[list[str], list[str]]:
    """The logs whose answer is worse than ``before`` in a figure of ``BETTER``, and those where it is better in one."""
    worse, better = set[str](), set[str]()
    for figure, sign in BETTER.items():
        earlier = before.values.get(figure, {})
        for log, value in now.values.get(figure, {}).items():
            change = sign * (value - earlier.get(log, value))
            (better if change > 0 else worse if change < 0 else set()).add(log)
    return sorted(worse), sorted(better)


def _figures(
    row: Labelled, spoken: Spoken, specific: bool, judge: Judge | None, seconds: float
) -> Iterator[tuple[str, float]]:
    yield from _judged(row, spoken.diagnosis, specific)
    if judge and row.kind != "clean" and row.cause and not row.borderline:
        same = judge.same_cause(_key_lines(row), row.cause.pattern, _named_cause(spoken.diagnosis))
        yield from [] if same is None else [("cause named, judged", same)]
    yield from spoken.figures.items()
    yield "seconds", seconds + spoken.seconds


def _judged(row: Labelled, diagnosis: Diagnosis, specific: bool) -> Iterator[tuple[str, float]]:
    known = diagnosis.verdict is Verdict.KNOWN
    right = known and specific and bool(row.fix and diagnosis.fix and row.fix.search(diagnosis.fix.text))
    if row.kind == "clean":
        yield "clean is clean", diagnosis.verdict is Verdict.CLEAN
    else:
        shown = [line for span in diagnosis.spans for line in range(span.first, span.last + 1)]
        yield SHARES[0], bool(row.key_lines & set(shown[: len(diagnosis.spans[0])] if shown else ()))
        yield SHARES[1], bool(row.key_lines & set(shown[:LINES_COUNTED]))
    if row.kind == "known" and not row.borderline:
        yield "right fix", right
        if known and row.cause:
            yield "right cause when known", bool(diagnosis.cause and row.cause.search(diagnosis.cause.text))
    if not row.borderline:
        yield "wrong known", known and not right
        if row.kind != "clean" and row.cause:
            yield "cause named", bool(row.cause.search(_named_cause(diagnosis)))
    if row.kind == "project" and not row.borderline:
        yield "honest unknown", diagnosis.verdict is Verdict.UNKNOWN
    if diagnosis.citations:
        lines = row.path.read_bytes().split(b"\n")
        yield (
            "citations true",
            sum(_says(lines, c.line, c.quote) for c in diagnosis.citations) / len(diagnosis.citations),
        )


def _named_cause(diagnosis: Diagnosis) -> str:
    """The cause that is given, or where none is, the failure's message and what a model reads."""
    if diagnosis.cause is not None:
        return diagnosis.cause.text
    message = diagnosis.incident.message if diagnosis.incident else ""
    return "\n".join([message, *(note for note in diagnosis.notes if note.endswith(NOTHING_BEARS_IT))])


def _key_lines(row: Labelled) -> list[str]:
    lines = row.path.read_bytes().split(b"\n")
    return [clean_text(lines[n - 1].decode("utf-8", "replace")) for n in sorted(row.key_lines) if n <= len(lines)]


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
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
