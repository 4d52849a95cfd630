"""Options that several commands share, and the settings that they lead to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mcp_rag.faces.cli.output import tell
from mcp_rag.logs.exited import exit_code_in
from mcp_rag.settings import Settings, load_settings

Function = TypeVar("Function", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line on standard output.")
home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of the ledger and the index."
)


class ExitCode(click.ParamType[int]):
    """The code with which a run ended."""

    name = "code"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return exit_code_in(str(value))
        except ValueError:
            self.fail(f"{value!r} is no exit code; give a whole number of 32 bits, such as 0, 1 or 137", param, ctx)


exited_option = click.option(
    "--exited",
    type=ExitCode(),
    metavar="CODE",
    help="The exit code of the run, where you know it: whether it failed need not be told from its words. -9 is 137, ended "
    "by signal 9. Stands below the log as its last line.",
)
logs_argument = click.argument("logs", nargs=-1, required=True, metavar="LOG...")


def settings_from(**flags: Any) -> Settings:
    """The settings in force under these flags; a flag that is None says nothing."""
    return load_settings(flags)


def asked_settings(home: Path | None, **flags: Any) -> Settings:
    """The settings of a command that a running server may answer. A home that is named by a flag answers itself."""
    return settings_from(home=home, url="" if home else None, **flags)


def home_settings(home: Path | None, **flags: Any) -> Settings:
    """The settings of a command that a home answers, even where a server is set: then that is said, because its incidents
    and known issues are others."""
    settings = settings_from(home=home, **flags)
    if settings.url and home is None:
        tell(f"this asks the home {settings.home}, not the server {settings.url}")
    return settings
