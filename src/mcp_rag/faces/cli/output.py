"""Results on standard output, narration on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click


def emit(value: dict[str, Any], to_stderr: bool = False) -> None:
    """One JSON object on a line of its own, flushed, so that a reader need not wait for the end."""
    click.echo(json.dumps(value, ensure_ascii=False), err=to_stderr)


def tell(message: str) -> None:
    """A line of narration on standard error."""
    click.echo(f"mcp-rag: {message}", err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that appears, and is loaded, with the first step; silent when that is no terminal."""
    with ExitStack() as opened:
        show: Callable[[int, int], None] | None = None

        def step(done: int, total: int) -> None:
            nonlocal show
            if sys.stderr.isatty():
                show = show or opened.enter_context(_bar(label))
                show(done, total)

        yield step


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
