"""The command line: a module a command, imported only when its command is called."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from mcp_rag import __version__
from mcp_rag.errors import McpRagError
from mcp_rag.faces.cycles import look_for_cycles_less
from mcp_rag.faces.exit_codes import ExitCode, exit_code_of

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Everyday": {
        "diagnose": ("diagnose", "Cause and fix of the failure in a log."),
        "run": ("run", "Run a command, and diagnose it when it fails."),
        "learn": ("learn", "Take documents into the knowledge base."),
        "confirm": ("confirm", "Say that a fix helped."),
        "chat": ("chat", "Ask about a failure that was diagnosed."),
        "serve": ("serve", "Answer other programs: REST, and MCP over HTTP."),
    },
    "Look closer": {
        "reject": ("confirm", "Say that a fix did not help."),
        "add": ("add", "Write a known issue of an incident, as a file to commit."),
        "search": ("search", "Known issues for an error's text."),
        "extract": ("extract", "The failing lines of a log, best first."),
        "templates": ("templates", "The shapes of a log's lines, with their counts."),
        "watch": ("watch", "Follow a log; each new failure once, as it appears."),
        "group": ("group", "Many logs, put together by what failed in them."),
        "doctor": ("doctor", "Known issues that would strike here, before they do."),
        "jobs": ("jobs", "Jobs whose last good run is remembered."),
        "incidents": ("incidents", "Failures that were seen, and what came of them."),
        "shell-init": ("shell_init", "Define `why`, which explains the last failed command."),
        "mcp": ("mcp", "Tools for an agent, over standard input and output."),
    },
    "Keep house": {
        "knowledge": ("knowledge", "Look after the knowledge base."),
        "models": ("models", "Look after the embedding models."),
        "evaluate": ("evaluate", "Score the answers on labelled logs."),
        "sft": ("sft", "Instruction data from what is known."),
        "vllm": ("vllm", "Check and launch a model server."),
        "tokens": ("tokens", "Who may ask the server: make, list and revoke tokens."),
        "audit": ("audit", "Who did what on the server."),
        "usage": ("usage", "What language models were asked and took."),
        "config": ("config", "The settings in force, and where they come from."),
    },
}
"""Group → command → (module, the line that ``--help`` shows): enough for help without importing a command."""

_MODULES = {name: entry for group in COMMANDS.values() for name, entry in group.items()}

EPILOG = """Exit codes: 0 done, whatever was found; 1 internal fault; 2 wrong usage or settings; 3 unusable input;
4 not found; 5 ledger; 6 index or embedding model; 7 a missing extra; 8 language model; 9 another server; 12 `doctor`, `add`,
`knowledge lint` or `vllm serve` found something. With --exit-code: 10 known, 11 unknown."""


class ReaderGone(Exception):
    """Whoever read the output went away, as `head` does. Click would leave with 1 at a broken pipe, as if it had failed."""


@contextlib.contextmanager
def _told_as_gone() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as gone:
        raise ReaderGone from gone
    except SystemExit as leaving:  # rich leaves with 1 at a broken pipe, too
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        raise ReaderGone from leaving


class CommandLine(click.Group):
    """Commands by group, loaded when called; anything that is no command is a log to diagnose."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"mcp_rag.faces.cli.{_MODULES[cmd_name][0]}")
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in _MODULES and args[0] not in ("--help", "-h", "--version"):
            args = ["diagnose", *args]
        return super().parse_args(ctx, args)

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        with _told_as_gone():
            return super().make_context(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:
        with _told_as_gone():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])


@click.command(
    cls=CommandLine,
    no_args_is_help=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mcp-rag")
def cli() -> None:
    """An error log in, the known cause and fix out: cited, or an honest "unknown".

    `mcp-rag build.log` and `some-command 2>&1 | mcp-rag -` are short for `mcp-rag diagnose`.
    """


def close_command(name: str) -> str | None:
    """The command that somebody who typed ``name`` may have meant."""
    return next(iter(difflib.get_close_matches(name, _MODULES, n=1, cutoff=0.75)), None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code."""
    look_for_cycles_less()
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.Abort:
        code = ExitCode.INTERRUPTED
    except click.ClickException as wrong:
        with contextlib.suppress(BrokenPipeError):
            wrong.show()
        code = wrong.exit_code
    except McpRagError as error:
        click.echo(f"mcp-rag: {error}", err=True)
        code = exit_code_of(error)
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        click.echo(f"mcp-rag: The answer cannot be written: {fault.strerror}. Make room on the disk.", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.INTERNAL
    except ReaderGone:
        # Nothing failed, and the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.exit(int(code or 0))
