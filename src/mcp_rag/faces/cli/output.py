"""Results on standard output, narration on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

DRAFT_CHARACTERS = 60
"""Of a draft, its end on one line. Chosen by eye."""


def emit(value: dict[str, Any], to_stderr: bool = False) -> None:
    """One JSON object on a line of its own, flushed, so that a reader need not wait for the end."""
    click.echo(json.dumps(value, ensure_ascii=False), err=to_stderr)


def tell(message: str) -> None:
    """A line of narration on standard error."""
    click.echo(f"mcp-rag: {message}", err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that appears, and is loaded, with the first step, and goes with the last; silent when that
    is no terminal."""
    with ExitStack() as opened:
        show: Callable[[int, int], None] | None = None

        def step(done: int, total: int) -> None:
            nonlocal show
            if sys.stderr.isatty():
                show = show or opened.enter_context(_bar(label))
                show(done, total)
                if done >= total:
                    show = None
                    opened.close()

        yield step


@contextmanager
def wording_shown() -> Iterator[Callable[[str], None] | None]:
    """What hears a language model's draft and shows, dim, how far it is; None where standard error is no terminal.

    The draft is unchecked: it goes when the answer comes.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with ExitStack() as opened:
        live, draft = None, ""

        def hear(piece: str) -> None:
            nonlocal live, draft
            live = live or opened.enter_context(_draft_line())
            draft += piece
            live.update(_draft_text(draft))

        yield hear


def _draft_line() -> Any:
    from rich.console import Console
    from rich.live import Live

    return Live("", console=Console(stderr=True), transient=True)


def _draft_text(draft: str) -> Any:
    from rich.text import Text

    said = "".join(character if character.isprintable() else " " for character in draft)
    ending = " ".join(re.sub(r'[{}\[\]"]|"?\b(?:text|lines|issues|fix|cause|commands)"\s*:', " ", said).split())
    return Text(
        f"the language model words it, {len(draft)} characters so far: … {ending[-DRAFT_CHARACTERS:]}", style="dim"
    )


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
