"""``mcp-rag shell-init``: the function ``why`` for a shell."""

from __future__ import annotations

import shlex
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("shell-init")
@click.argument("shell", type=click.Choice(SHELLS))
def shell_init(shell: str) -> None:
    """Print what defines `why` in SHELL: `eval "$(mcp-rag shell-init bash)"`, or `mcp-rag shell-init fish | source`.

    `why` explains the last failed command: in tmux from what the pane shows, elsewhere by running it again once you have
    agreed. `why -r` runs it again at once; `why COMMAND…` is `mcp-rag run -- COMMAND…`. Before each prompt the exit code
    is looked at and kept; no process is started for a command that went well.
    """
    click.echo(script_for(shell, _program()), nl=False)


def script_for(shell: str, program: str) -> str:
    """The script for a shell, in which ``program`` is what is called."""
    folder = files("mcp_rag.faces.cli") / "shells"
    script = (folder / f"why.{shell}").read_text(encoding="utf-8")
    common = (folder / "common.sh").read_text(encoding="utf-8").rstrip("\n")
    return script.replace("@COMMON@", common).replace("@PROGRAM@", _quoted(program, shell))


def _program() -> str:
    """The program as it was called: an environment that is not active later still has it there."""
    called = Path(sys.argv[0])
    if called.name == "mcp-rag" and called.is_file():
        return str(called.absolute())
    return shutil.which("mcp-rag") or "mcp-rag"


def _quoted(program: str, shell: str) -> str:
    if shell == "fish":
        inside = program.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{inside}'"
    return shlex.quote(program)
