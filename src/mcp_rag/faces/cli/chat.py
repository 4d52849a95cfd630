"""``mcp-rag chat``: questions about a failure that was diagnosed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.errors import ChatError
from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, tell

if TYPE_CHECKING:
    from mcp_rag.conversation import Done, Event, Turn


@click.command()
@click.argument("incident", default="last")
@click.option("--ask", "questions", multiple=True, metavar="QUESTION", help="Ask this and end; may be given again.")
@click.option("--no-log", is_flag=True, help="Do not open the log again: only the lines that were kept are known.")
@json_option
@home_option
def chat(incident: str, questions: tuple[str, ...], no_log: bool, as_json: bool, home: Path | None) -> None:
    """Ask the language model about INCIDENT (an id that `mcp-rag incidents` lists; by default the latest).

    The model sees the failing lines and the known issues that matched, and may ask for more of the log, of what is
    known and of the versions, a few times; it can change nothing. Each sentence is printed when it has been checked:
    with the lines and known issues that bear it, or marked *unsupported*. Without --ask, questions are read from the
    terminal, or one a line from standard input.
    """
    from mcp_rag.conversation import Turn
    from mcp_rag.faces.serialisation import event_to_json
    from mcp_rag.wiring import open_house

    with open_house(home_settings(home), tell) as house:
        stored = house.ledger.incidents.get(incident)
        if not as_json:
            tell(f"{stored.id}: {stored.incident.message[:120]}")
        history: list[Turn] = []
        for question in questions or _asked():
            try:
                events = house.converse(stored.id, question, history, may_open=lambda path: not no_log)
                done = _emitted(events, event_to_json) if as_json else _shown(events)
            except ChatError as error:
                if questions or not sys.stdin.isatty():
                    raise
                tell(str(error))
                continue
            history.append(Turn(question, done.answer))


def _asked() -> Iterator[str]:
    """The questions of a terminal until its end or an empty *quit*, or the lines of standard input."""
    if sys.stdin.isatty():
        tell("ask; an empty line or Ctrl-D ends")
    while True:
        try:
            question = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if question:
            yield question
        elif sys.stdin.isatty():
            return


def _emitted(events: Iterable[Event], to_json: Any) -> Done:
    from mcp_rag.conversation import Done, Token

    done: Done | None = None
    for event in events:
        if not isinstance(event, Token):
            emit(to_json(event))
        done = event if isinstance(event, Done) else done
    assert done is not None
    return done


def _shown(events: Iterable[Event]) -> Done:
    """Print each sentence when it is checked; on a terminal the draft of the next one shows dim below it."""
    from rich.text import Text

    from mcp_rag.conversation import Done, Said, Token, ToolUsed, Withheld
    from mcp_rag.faces.cli.rendering import console

    out, draft, done = console(), "", None
    with ExitStack() as opened:
        live = opened.enter_context(_draft(out)) if out.is_terminal else None
        for event in events:
            match event:
                case Token(text):
                    draft = (draft + text)[-DRAFT_CHARACTERS:]
                case ToolUsed(name, arguments, summary):
                    tell(f"{name} {_flat(arguments)}: {summary}")
                case Said(statement):
                    draft = ""
                    mark = "" if statement.supported else "  [unsupported]"
                    cited = [*(f"line {n}" for n in statement.lines[:LINES_SHOWN]), *statement.issues]
                    shown = Text(statement.text, style="" if statement.supported else "yellow")
                    shown.append(mark, style="bold yellow")
                    out.print(shown.append(f"  [{', '.join(cited)}]" if cited else "", style="dim"))
                case Withheld(why):
                    draft = ""
                    tell(f"withheld: {why}")
                case Done():
                    done = event
            if live is not None:
                live.update(Text(_printable(draft), style="dim"))
    assert done is not None
    if not done.statements:
        out.print(Text("The model said nothing that may be shown.", style="yellow"))
    for note in done.notes:
        tell(note)
    return done


DRAFT_CHARACTERS = 300
LINES_SHOWN = 5


def _draft(out: Any) -> Any:
    from rich.live import Live

    return Live("", console=out, transient=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _flat(arguments: Any) -> str:
    return _printable(", ".join(f"{name} {value}" for name, value in arguments.items()))[:120]
