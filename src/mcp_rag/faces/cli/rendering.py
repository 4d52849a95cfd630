"""Values as text for a terminal: rich where there is one, plain when piped."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from mcp_rag.faces.cli.output import emit
from mcp_rag.faces.serialisation import as_ranked
from mcp_rag.records import Diagnosis, Evidence, History, Span, Verdict

if TYPE_CHECKING:
    from rich.table import Table

    from mcp_rag.logs.grouping import Group
    from mcp_rag.logs.log import Log
    from mcp_rag.runs.changes import Change
    from mcp_rag.runs.history import Run

_STYLE = {Verdict.KNOWN: "bold green", Verdict.UNKNOWN: "bold yellow", Verdict.CLEAN: "bold blue"}
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_LABEL_WIDTH = 9
_QUOTE_WIDTH = 160
_LINE_WIDTH = 400
NEAREST_SHOWN = 3
CHANGES_SHOWN = 8
MEMBERS_SHOWN = 6
_ID_WIDTH = 8


def console(to_stderr: bool = False) -> Console:
    """A console that wraps at the terminal's width, and never when piped."""
    stream = sys.stderr if to_stderr else sys.stdout
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), emoji=False, markup=False)


def render_diagnosis(diagnosis: Diagnosis, *, many: bool = False, to_stderr: bool = False) -> None:
    """Print what failed, why, what to do and on what evidence: on a screen, the last line to confirm it."""
    out = console(to_stderr)
    if many:
        out.print(Text(f"── {diagnosis.source}", style="dim"))
    out.print(_headline(diagnosis))
    if out.is_terminal:
        out.print(_grid(_rows(diagnosis)))
        return
    for label, text in _rows(diagnosis):
        out.print(Text(f"  {label:<{_LABEL_WIDTH}} ").append_text(text))


def _grid(rows: list[tuple[str, Text]]) -> Table:
    """Labels beside their texts, which wrap under themselves."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_LABEL_WIDTH + 2, style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(f"  {label}", text)
    return grid


def _headline(diagnosis: Diagnosis) -> Text:
    head = Text(diagnosis.verdict.value.upper(), style=_STYLE[diagnosis.verdict])
    match diagnosis.verdict:
        case Verdict.CLEAN:
            head.append("  nothing failed in this log", style="not bold default")
            head.append(f"  ({diagnosis.confidence:.0%} sure)", style="not bold dim")
        case Verdict.KNOWN:
            head.append(f"  {diagnosis.evidence[0].issue.title}", style="bold default")
            head.append(f"  ({diagnosis.confidence:.0%} sure)", style="not bold dim")
        case Verdict.UNKNOWN:
            head.append(f"  {_kind(diagnosis)}: nothing known matches", style="bold default")
    return head


def _kind(diagnosis: Diagnosis) -> str:
    incident = diagnosis.incident
    if incident is None:
        return "a failure"
    return " ".join(part for part in (incident.tool or incident.language, incident.error_type) if part) or "a failure"


def _rows(diagnosis: Diagnosis) -> list[tuple[str, Text]]:
    rows = [("failed", _quote(line, text)) for line, text in _key_lines(diagnosis)]
    if diagnosis.cause and diagnosis.fix:
        rows.append(("why", Text(_flat(diagnosis.cause.text))))
        steps = [_flat(line) for line in diagnosis.fix.text.splitlines() if line.strip()]
        rows += [("" if number else "fix", Text(step)) for number, step in enumerate(steps)]
        rows += [("", Text(f"$ {command}", style="cyan")) for command in diagnosis.commands[:3]]
        rows.append(("evidence", _evidence(diagnosis)))
    elif diagnosis.verdict is Verdict.UNKNOWN:
        rows += [("reason", Text(span.reason)) for span in diagnosis.spans[:1]]
        rows += [("nearest", _nearest(evidence)) for evidence in as_ranked(diagnosis.evidence)[:NEAREST_SHOWN]]
    rows += [("note", Text(note, style="yellow")) for note in diagnosis.notes]
    if diagnosis.history:
        rows.append(("seen", Text(_seen(diagnosis.history))))
    if diagnosis.verdict is not Verdict.CLEAN:
        rows.append(("helped?", Text(_confirm_line(diagnosis), style="bold")))
    return rows


def _key_lines(diagnosis: Diagnosis) -> list[tuple[int, str]]:
    return [(c.line, c.quote) for c in diagnosis.citations[:3]]


def _quote(line: int, text: str) -> Text:
    shown = text if len(text) <= _QUOTE_WIDTH else text[: _QUOTE_WIDTH - 1] + "…"
    return Text(f"line {line}: ", style="dim").append(shown, style="default")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _evidence(diagnosis: Diagnosis) -> Text:
    best = diagnosis.evidence[0]
    parts = [f"[{best.issue.id}]", *best.reasons[:2]]
    if best.version_check.reason:
        parts.append(best.version_check.reason)
    parts += best.issue.urls[:1]
    return Text(" · ".join(parts))


def _nearest(evidence: Evidence) -> Text:
    return Text(f"[{evidence.issue.id}] {_flat(evidence.issue.title)[:90]}", style="dim").append(
        f"  not a match ({evidence.confidence:.0%})"
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _seen(history: History) -> str:
    """Counts this sighting in: what was seen twice before is now seen for the third time."""
    number = history.count + 1
    often = f"{_ORDINALS[number]} time" if number in _ORDINALS else f"{number} times"
    text = f"{often}, last on {_day(history.last_seen)}"
    return f"{text}; fixed then by: {_flat(history.fixed_by)}" if history.fixed_by else text


def _confirm_line(diagnosis: Diagnosis) -> str:
    incident = (diagnosis.incident_id or "last")[:10]
    if diagnosis.verdict is Verdict.KNOWN:
        return f"mcp-rag confirm {incident}    (or: mcp-rag reject {incident})"
    return f'mcp-rag confirm {incident} --fix "what fixed it"'


def render_changes(good: Run | None, changes: Sequence[Change]) -> None:
    """Print what changed since the command last passed, what the failure itself names first; nothing of one that has
    never passed."""
    if good is None:
        return
    from mcp_rag.runs.wording import describe

    out = console(to_stderr=True)
    since = f"since it last passed ({_moment(good.at)})"
    if not changes:
        out.print(Text(f"  {'changed':<{_LABEL_WIDTH}} nothing that is looked at, {since}"))
        return
    out.print(Text(f"  {'changed':<{_LABEL_WIDTH}} {since}:"))
    for change in changes[:CHANGES_SHOWN]:
        line = Text(f"  {'':<{_LABEL_WIDTH}} {'▶' if change.suspect else '·'} {describe(change)}")
        out.print(line.append(f"  ({change.suspect})", style="bold") if change.suspect else line)
    if len(changes) > CHANGES_SHOWN:
        out.print(Text(f"  {'':<{_LABEL_WIDTH}}   … and {len(changes) - CHANGES_SHOWN} more; --json lists them all"))


def render_fix_to_confirm(failed: Run, changes: Sequence[Change], python: str, *, as_json: bool) -> None:
    """Offer what changed between a failed run and this one, that passed, as the fix; nothing is confirmed by it."""
    from mcp_rag.faces.serialisation import changes_to_json
    from mcp_rag.runs.wording import as_fix, describe

    incident = (failed.incident or "last")[:10]
    fix = as_fix(changes, python)
    call = ["mcp-rag", "confirm", incident, *(["--fix", fix] if fix else [])]
    if as_json:
        row = {"incident": failed.incident, "issue": failed.issue, "changes": changes_to_json(failed, changes)}
        emit({"passed_again": {**row, "fix": fix or None, "confirm": call if fix or failed.issue else None}}, True)
        return
    out = console(to_stderr=True)
    head = f"passed again after failing ({_moment(failed.at)}, incident {incident}); "
    if not changes:
        out.print(Text(f"mcp-rag: {head}nothing that is looked at changed in between: it may fail again"))
    else:
        out.print(Text(f"mcp-rag: {head}in between changed:"))
        for change in changes[:CHANGES_SHOWN]:
            out.print(Text(f"  · {describe(change)}"))
        if len(changes) > CHANGES_SHOWN:
            out.print(Text(f"    … and {len(changes) - CHANGES_SHOWN} more"))
        out.print(Text(f"  if that fixed it:  {shlex.join(call)}"))
    if failed.issue:
        out.print(Text(f"  if the fix of [{failed.issue}] did:  mcp-rag confirm {incident}"))


def _moment(moment: datetime) -> str:
    local = moment.astimezone()
    return f"{_day(local)}, {local:%H:%M}"


def render_spans(log: Log, spans: list[Span], redact: Callable[[str], str], *, compared: bool = False) -> None:
    """Print each span's reason and its numbered lines, the key line marked; ``compared`` where those are what is new."""
    out = console()
    if not spans:
        said = "nothing that matters is new in this log" if compared else "nothing failed in this log"
        out.print(Text(f"{log.source}: {said}", style="bold blue"))
    for span in spans:
        out.print(Text(f"{log.source}:{span.first}-{span.last}  {span.reason}", style="bold"))
        for number in range(span.first, span.last + 1):
            text = Text(f"{number:>8} {'▶' if number == span.key else '│'} ", style="dim")
            out.print(text.append(redact(log.line(number))[:_LINE_WIDTH], style="default"))


def render_results(results: list[Evidence]) -> None:
    """Print ranked known issues, the match marked, with the reasons of each."""
    out = console()
    if not results:
        out.print(Text("The knowledge base is empty.", style="bold yellow"))
    elif not results[0].match:
        out.print(Text("Nothing known matches. The nearest:", style="bold yellow"))
    for rank, evidence in enumerate(as_ranked(results), 1):
        style = "bold green" if evidence.match else "default"
        head = Text(f"{rank:>2}. {_flat(evidence.issue.title)[:100]}", style=style)
        out.print(head.append(f"  [{evidence.issue.id}]  {evidence.confidence:.0%}", style="not bold dim"))
        if evidence.reasons:
            out.print(Text(f"    {' · '.join(evidence.reasons)}", style="dim"))


def render_groups(groups: list[Group]) -> None:
    """Print each group's failure, the logs that show it, and why unlike fingerprints are in it."""
    out = console()
    if not groups:
        out.print(Text("Nothing failed in these logs.", style="bold blue"))
    for group in groups:
        incident, number = group.incident, len(group.members)
        head = Text(f"{number:>4} {'log ' if number == 1 else 'logs'}  ", style="bold")
        head.append(f"{group.id[:_ID_WIDTH]}  ", style="not bold dim")
        kind = f"{incident.error_type}: " if incident.error_type and incident.error_type not in incident.message else ""
        out.print(head.append(f"{kind}{_flat(incident.message)}"[:_QUOTE_WIDTH], style="bold default"))
        places = [f"{member.source}:{member.incident.span.key}" for member in group.members]
        more = f" … and {number - MEMBERS_SHOWN} more" if number > MEMBERS_SHOWN else ""
        out.print(Text(f"           {' '.join(places[:MEMBERS_SHOWN])}{more}", style="dim"))
        for join in group.joins:
            pair = f"{join.first[:_ID_WIDTH]} + {join.second[:_ID_WIDTH]}"
            out.print(Text(f"           {pair}: {join.reason}", style="yellow"))
