"""``mcp-rag run``: a command as if it were run alone, and the diagnosis of its output when it fails."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import BinaryIO

import click

from mcp_rag.errors import McpRagError
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.serialisation import diagnosis_to_json
from mcp_rag.settings import Settings


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@json_option
@home_option
@click.option("--no-chat", is_flag=True, help="Do not ask the language model, even if one is set.")
def run(command: tuple[str, ...], as_json: bool, home: Path | None, no_chat: bool) -> None:
    """Run COMMAND as if it were run alone, and diagnose it when it fails: `mcp-rag run -- python train.py`.

    Its terminal, streams, signals and exit code are its own; the diagnosis goes to standard error, where it cannot
    mix with what the command prints for others. The exit code is the command's: 127 when there is no such command,
    126 when it may not be run, 128 + N when signal N ended it.
    """
    from mcp_rag.faces.cli.running import run_recorded

    settings = settings_from(home=home)
    with tempfile.TemporaryFile(prefix="mcp-rag-run-") as record:
        code = run_recorded(command, record)
        if code != 0:
            diagnose_record(record, shlex.join(command), code, settings, as_json=as_json, use_chat=not no_chat)
    raise click.exceptions.Exit(code)


def diagnose_record(
    record: BinaryIO, name: str, code: int, settings: Settings, *, as_json: bool, use_chat: bool
) -> None:
    """Diagnose what a failed command printed. A fault of ours is told, and does not hide the command's exit code."""
    from mcp_rag.faces.cli.rendering import render_diagnosis
    from mcp_rag.logs.sources import StreamSource
    from mcp_rag.wiring import open_house

    # The log is one of a command that failed, whatever its own words say: the last line tells so.
    record.seek(0, os.SEEK_END)
    record.write(f"\nProcess completed with exit code {code}.\n".encode())
    record.seek(0)
    try:
        with open_house(settings, tell, environment="here", use_chat=use_chat) as house:
            diagnosis = house.assistant.diagnose(StreamSource(name, record))
            if as_json:
                emit(diagnosis_to_json(diagnosis), to_stderr=True)
            else:
                render_diagnosis(diagnosis, to_stderr=True)
            house.assistant.remember([diagnosis])
    except McpRagError as error:
        tell(str(error))
