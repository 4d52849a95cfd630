"""Results on standard output, narration on standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """A bar on standard error that appears with the first step; silent when standard error is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, visible=False)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield step
