"""``mcp-rag vllm serve``: vLLM built, checked and launched the way the field does it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.errors import ChatUnreachable, InputError
from mcp_rag.faces.cli.doctor import active_python
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.cli.run import diagnose_record
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.inference.installation import Installed
    from mcp_rag.inference.preflight import Finding
    from mcp_rag.inference.switches import Switch
    from mcp_rag.inference.vllm import Launch

POLL_SECONDS = 1.0
_MARKS = {"stop": "✗", "warn": "!", "note": "·"}


@click.group()
def vllm() -> None:
    """Serve a model with vLLM."""


@vllm.command(context_settings={"ignore_unknown_options": True})
@click.argument("model")
@click.argument("flags", nargs=-1, type=click.UNPROCESSED, metavar="[VLLM-FLAGS]...")
@click.option("--gpus", metavar="0,1", help="GPUs to use: CUDA_VISIBLE_DEVICES of the server.")
@click.option(
    "--switch",
    "wanted",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Set a variable: PYTORCH_CUDA_ALLOC_CONF, VLLM_DISABLE_TORCH_COMPILE and TORCHDYNAMO_DISABLE know their "
    "values, and one that this vLLM ignores becomes the flag that does it.",
)
@click.option("--python", metavar="PATH", help="The interpreter that has vLLM.  [default: the one beside `vllm`]")
@click.option("--print", "only_print", is_flag=True, help="Show command, environment and check; start nothing.")
@click.option("--export", type=click.Choice(["compose", "kubernetes"]), help="Write it as a service; start nothing.")
@click.option("--wait", is_flag=True, help="Start it in the background, and return when it answers.")
@click.option("--wait-seconds", type=click.IntRange(1), default=1800, show_default=True, help="How long --wait waits.")
@click.option("--force", is_flag=True, help="Start even if the check says that it will fail.")
@json_option
@home_option
def serve(
    model: str,
    flags: tuple[str, ...],
    gpus: str | None,
    wanted: tuple[str, ...],
    python: str | None,
    only_print: bool,
    export: str | None,
    wait: bool,
    wait_seconds: int,
    force: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Check, and then launch, an OpenAI-compatible server for MODEL, a folder or a name.

    All other flags are vLLM's own and pass through: `mcp-rag vllm serve /models/qwen --tensor-parallel-size 2
    --max-model-len 32k --port 8001`. When the server dies, its log is diagnosed, and its exit code is ours. Exits 12
    when the check says that it would fail; nothing is started then, and nothing is ever installed or edited.
    """
    from mcp_rag.inference import deploying
    from mcp_rag.inference.installation import look_at
    from mcp_rag.inference.preflight import check, main_memory, visible_gpus
    from mcp_rag.inference.vllm import prepare

    settings = settings_from(home=home)
    installed = look_at(python or _python_of_vllm())
    launch, switches = prepare(model, flags, _named(wanted, installed), gpus, installed)
    if export:
        click.echo(
            {"compose": deploying.compose, "kubernetes": deploying.kubernetes}[export](launch, installed), nl=False
        )
        return
    environment = {**os.environ, **launch.environment}
    findings = [
        *check(launch, installed, visible_gpus(environment), environment, main_memory()),
        *_clashes(installed, environment, settings),
    ]
    if only_print:
        _print(launch, installed, switches, findings, as_json)
        return
    fatal = any(finding.level == "stop" for finding in findings)
    for finding in findings:
        if finding.level != "note" or fatal:
            tell(_said(finding))
    if fatal and not force:
        raise click.exceptions.Exit(ExitCode.FINDINGS)
    os.environ.update(launch.environment)
    code = _in_background(launch, settings, wait_seconds, as_json) if wait else _in_front(launch, settings, as_json)
    raise click.exceptions.Exit(code)


def _python_of_vllm() -> str:
    script = shutil.which("vllm")
    beside = Path(script).resolve().parent / "python" if script else None
    return str(beside) if beside is not None and beside.exists() else active_python()


def _named(wanted: Sequence[str], installed: Installed) -> dict[str, str]:
    from mcp_rag.inference.switches import switches

    usual = {switch.name: switch.value for switch in switches(installed)}
    named = {}
    for given in wanted:
        name, equals, value = given.partition("=")
        if not name.isidentifier() or not (equals or name in usual):
            raise click.BadParameter(
                f"{given!r} is no NAME=VALUE; by name alone: {', '.join(usual)}", param_hint="--switch"
            )
        named[name] = value if equals else usual[name]
    return named


def _clashes(installed: Installed, environment: Mapping[str, str], settings: Settings) -> list[Finding]:
    """Known issues that the installed versions and variables alone bring on."""
    from mcp_rag.doctor import foretell
    from mcp_rag.inference.preflight import Finding
    from mcp_rag.wiring import files_in_force

    found = foretell(files_in_force(settings), installed.versions, environment)
    return [
        Finding("warn", f"{strike.issue.title} ({', '.join(strike.reasons)})", " ".join(strike.issue.fix.split()))
        for strike in found
        if installed.name
    ]


def _print(
    launch: Launch, installed: Installed, switches: Sequence[Switch], findings: Sequence[Finding], as_json: bool
) -> None:
    from mcp_rag.inference.vllm import without_secrets

    command = without_secrets(launch.command)
    told = [_switch_row(switch, launch) for switch in switches]
    if as_json:
        row: dict[str, Any] = {"command": list(command), "environment": dict(launch.environment)}
        row |= {"vllm": installed.version, "assumed": not installed.name, "switches": told}
        rest = [{"level": f.level, "what": f.what, "fix": f.fix} for f in findings]
        emit({**row, "findings": rest})
        return
    assumed = "" if installed.name else ", assumed: none is installed here"
    click.echo(f"# vLLM {installed.version}{assumed}")
    for name, value in launch.environment.items():
        click.echo(f"{name}={shlex.quote(value)} \\")
    click.echo(shlex.join(command))
    for row in told:
        click.echo(f"# {'set' if row['set'] else 'not set'}: {row['name']}={row['value']} ({row['note']})")
    for finding in findings:
        click.echo(f"# {_said(finding)}")


def _switch_row(switch: Switch, launch: Launch) -> dict[str, Any]:
    value = launch.environment.get(switch.name, os.environ.get(switch.name))
    replaced = bool(switch.instead) and all(flag in launch.flags for flag in switch.instead)
    note = f"{switch.note}{', and is given' if replaced else ''}"
    shown = switch.value if value is None else value
    return {"name": switch.name, "value": shown, "set": value is not None, "read": switch.read, "note": note}


def _said(finding: Finding) -> str:
    return f"{_MARKS[finding.level]} {finding.what}{f'. {finding.fix}' if finding.fix else ''}"


def _in_front(launch: Launch, settings: Settings, as_json: bool) -> int:
    """Run it here, its log copied through; a diagnosis when it dies. Its exit code."""
    from mcp_rag.faces.cli.running import run_recorded

    with tempfile.TemporaryFile(prefix="mcp-rag-vllm-") as record:
        code = run_recorded(launch.command, record)
        if code not in (0, 130, 143):  # ended by itself, and not by Ctrl-C or a request to end
            diagnose_record(record, "vllm serve", code, settings, as_json=as_json, use_chat=False)
    return code


def _in_background(launch: Launch, settings: Settings, seconds: int, as_json: bool) -> int:
    """Start it, its log in the home folder; 0 when it answers."""
    port = launch.number(8000, "--port")
    host = launch.flag("--host") or "127.0.0.1"
    place = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    log = settings.home / "vllm" / f"{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    tell(f"starting; its log is {log}")
    with log.open("w+b") as record:
        try:
            server = subprocess.Popen(
                launch.command, stdin=subprocess.DEVNULL, stdout=record, stderr=record, start_new_session=True
            )
        except OSError as fault:
            raise InputError(f"{launch.command[0]} cannot be started", str(fault), "Name its --python") from fault
        if _answers(server, f"{place}/health", seconds):
            row = {"pid": server.pid, "url": f"{place}/v1", "log": str(log)}
            emit(row) if as_json else click.echo(f"{row['url']} answers; process {server.pid}")
            return 0
        code = server.poll()
        if code is None:
            server.terminate()
            raise ChatUnreachable(
                f"The server did not answer within {seconds} s", "it was ended", f"Read {log}, or raise --wait-seconds"
            )
        diagnose_record(record, str(log), code or 1, settings, as_json=as_json, use_chat=False)
        return 128 - code if code < 0 else code or 1


def _answers(server: subprocess.Popen[bytes], url: str, seconds: int) -> bool:
    import httpx

    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(url, timeout=5).is_success:
                return True
        except httpx.HTTPError:
            pass  # not up yet
        time.sleep(POLL_SECONDS)
    return False
