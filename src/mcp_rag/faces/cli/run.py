"""``mcp-rag run``: a command as if it were run alone, and the diagnosis of its output when it fails."""

from __future__ import annotations

import shlex
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from mcp_rag.errors import McpRagError
from mcp_rag.faces.cli.options import asked_settings, home_option, json_option
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.serialisation import changes_to_json, diagnosis_to_json
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.logs.source import LogSource
    from mcp_rag.runs.history import Remembered
    from mcp_rag.runs.surroundings import Surroundings


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

    Of each command's runs in a folder is remembered: the git commit and what is not committed (as digests), the lock
    files, the packages of the Python that it uses, and the environment variables that `run_variables` names, never
    secrets. What changed since it last passed stands beside the diagnosis; when it passes again, what changed is
    offered as the fix to confirm.
    """
    from mcp_rag.faces.cli.running import run_recorded
    from mcp_rag.wiring import surroundings_of

    settings = asked_settings(home)
    started = datetime.now(UTC)
    with tempfile.TemporaryFile(prefix="mcp-rag-run-") as record, ThreadPoolExecutor(1) as beside:
        # As it starts, beside it: a command may change what is looked at, and must not wait for it.
        observed = beside.submit(surroundings_of, settings, command)
        code = run_recorded(command, record)
        ended = _Ended(command, settings, started, code, observed, as_json, not no_chat)
        try:
            ended.tell_of_failure(record) if code else ended.tell_of_passing()
        except (McpRagError, OSError) as fault:
            # A fault of ours is told, and does not hide the command's exit code.
            tell(str(fault))
    raise click.exceptions.Exit(code)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A command that has ended, and how what is said of it is given."""

    command: tuple[str, ...]
    settings: Settings
    started: datetime
    code: int
    observed: Future[Surroundings]
    as_json: bool
    use_chat: bool

    def tell_of_failure(self, record: BinaryIO) -> None:
        """Diagnose what it printed, beside what changed since it last passed."""
        from mcp_rag.faces.cli.answering import open_answering
        from mcp_rag.faces.cli.rendering import render_changes, render_diagnosis
        from mcp_rag.runs.changes import find_changes

        here = self.observed.result()
        with open_answering(self.settings, versions=here.packages, use_chat=self.use_chat) as answering:
            diagnosis = answering.diagnose(_log_in(record, shlex.join(self.command)), exited=self.code)
            good = self._remembered(here).good
            changes = find_changes(good.surroundings, here, diagnosis.incident) if good else ()
            if self.as_json:
                emit(diagnosis_to_json(diagnosis) | {"changes": changes_to_json(good, changes)}, to_stderr=True)
            else:
                render_diagnosis(diagnosis, to_stderr=True)
                render_changes(good, changes)
            answering.remember([diagnosis])
        named = diagnosis.evidence[0].issue.key if diagnosis.cause else None
        self._keep(here, diagnosis.incident_id, named)

    def tell_of_passing(self) -> None:
        """Offer what changed since its last failure, when that is later than its last success, as the fix."""
        from mcp_rag.faces.cli.rendering import render_fix_to_confirm
        from mcp_rag.runs.changes import find_changes

        here = self.observed.result()
        failed = self._remembered(here).failed
        if failed is not None and failed.incident is not None:
            changes = find_changes(failed.surroundings, here)
            render_fix_to_confirm(failed, changes, here.python, as_json=self.as_json)
        self._keep(here, None, None)

    def _remembered(self, here: Surroundings) -> Remembered:
        from mcp_rag.runs.history import RunHistory

        return RunHistory(self.settings.runs_folder).of(self.command, here)

    def _keep(self, here: Surroundings, incident: str | None, issue: str | None) -> None:
        from mcp_rag.runs.history import Run, RunHistory
        from mcp_rag.wiring import redactor_of

        run = Run(self.started, self.code, here, incident, issue)
        label = redactor_of(self.settings)(shlex.join(self.command))
        RunHistory(self.settings.runs_folder).keep(self.command, run, label)


def _log_in(record: BinaryIO, name: str) -> LogSource:
    """What a command printed."""
    from mcp_rag.logs.sources import StreamSource

    record.seek(0)
    return StreamSource(name, record)


def diagnose_record(
    record: BinaryIO, name: str, code: int, settings: Settings, *, as_json: bool, use_chat: bool
) -> None:
    """Diagnose what a failed command printed. A fault of ours is told, and does not hide the command's exit code."""
    from mcp_rag.faces.cli.answering import open_answering
    from mcp_rag.faces.cli.rendering import render_diagnosis

    try:
        with open_answering(settings, environment="here", use_chat=use_chat) as answering:
            diagnosis = answering.diagnose(_log_in(record, name), exited=code)
            if as_json:
                emit(diagnosis_to_json(diagnosis), to_stderr=True)
            else:
                render_diagnosis(diagnosis, to_stderr=True)
            answering.remember([diagnosis])
    except McpRagError as error:
        tell(str(error))
