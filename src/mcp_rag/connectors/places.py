"""Which run or job a URL names, on which server, and whether the user's token is for that server."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, urlsplit

from mcp_rag.errors import InputError, SettingsError

_GITHUB = re.compile(
    r"/(?P<project>[\w.-]+/[\w.-]+)/actions/runs/(?P<run>\d{1,19})"
    r"(?:/attempts/(?P<attempt>\d{1,9}))?(?:/jobs?/(?P<job>\d{1,19}))?(?:/\w*)?/?"
)
_GITHUB_CHECK = re.compile(r"/(?P<project>[\w.-]+/[\w.-]+)/(?:pull/\d{1,9}/checks|runs)(?:/(?P<job>\d{1,19}))?/?")
"""A check of a pull request, as its page is linked: the check's number is the job's."""

_GITLAB = re.compile(
    r"/(?P<project>[\w.-]+(?:/[\w.-]+)+?)/(?:-/)?(?:pipelines/(?P<run>\d{1,19})|jobs/(?P<job>\d{1,19}))(?:/\w*)?/?"
)
_FORMS = (
    "Give https://github.com/OWNER/REPO/actions/runs/ID, the same with /job/ID behind it, "
    "or https://gitlab.com/GROUP/PROJECT/-/pipelines/ID or /-/jobs/ID"
)


class Forge(StrEnum):
    """The kinds of servers whose runs can be looked at."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Account:
    """The user's token, and the only server that it is for.

    ``server`` is the address that a browser shows, ``api`` that of its API; empty: as the server's kind has it.
    """

    server: str
    api: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The user's account on each kind of server."""

    github: Account = Account("https://github.com")
    gitlab: Account = Account("https://gitlab.com")


@dataclass(frozen=True, slots=True)
class RunPlace:
    """A run (or pipeline) or one of its jobs. ``token`` is empty where the user's is not for this server."""

    url: str
    forge: Forge
    host: str
    api: str
    project: str
    run: int | None
    attempt: int | None = None
    job: int | None = None
    token: str = field(default="", repr=False)


def place_of(url: str, accounts: Accounts) -> RunPlace:
    """The run or job that ``url`` names.

    Raises:
        InputError: it names none, or the token would go over an open line.
        SettingsError: the address that the settings name for the server is none.
    """
    parts = _split(url)
    for forge, form, account in (
        (Forge.GITHUB, _GITHUB, accounts.github),
        (Forge.GITLAB, _GITLAB, accounts.gitlab),
    ):
        if found := form.fullmatch(parts.path):
            return _place(url, parts, forge, {n: v for n, v in found.groupdict().items() if v}, account)
    if found := _GITHUB_CHECK.fullmatch(parts.path):
        (job,) = parse_qs(parts.query).get("check_run_id", [found["job"] or ""])[:1]
        if re.fullmatch(r"[0-9]{1,19}", job):
            return _place(url, parts, Forge.GITHUB, {"project": found["project"], "job": job}, accounts.github)
    raise InputError(f"{url} names no run and no job", "its path is of another form", _FORMS)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as fault:
        raise InputError(f"{url} is no address", str(fault), _FORMS) from fault
    if not parts.hostname:
        raise InputError(f"{url} is no address", "it names no server", _FORMS)
    if parts.username is not None or parts.password is not None:
        raise InputError("The address holds a user's name or password", "", "Leave it out, and set a token instead")
    return parts


def _place(url: str, parts: SplitResult, forge: Forge, found: dict[str, str], account: Account) -> RunPlace:
    trusted = origin_of(account.server, f"{forge}_url") == _origin(parts)
    token = account.token if trusted else ""
    api = account.api.rstrip("/") if trusted and account.api else _api_of(forge, parts)
    if token and not is_private_line(api):
        why = f"{api} is not https, so that anybody on the way could read the token"
        raise InputError(f"Will not ask {parts.netloc} with a token", why, "Give the https:// address")
    numbers = {name: int(found[name]) if name in found else None for name in ("run", "attempt", "job")}
    return RunPlace(url, forge, parts.netloc.lower(), api, found["project"], **numbers, token=token)


def _api_of(forge: Forge, parts: SplitResult) -> str:
    host = parts.netloc.lower()
    if forge is Forge.GITLAB:
        return f"{parts.scheme}://{host}/api/v4"
    if host == "github.com" or host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{parts.scheme}://{host}/api/v3"


def origin_of(server: str, setting: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a server's address.

    Raises:
        SettingsError: it is none; ``setting`` is where it came from.
    """
    step = "Set for example https://git.example"
    try:
        parts = urlsplit(server)
        origin = _origin(parts)
    except ValueError as fault:
        raise SettingsError(f"{setting} is no address: {server!r}", str(fault), step) from fault
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise SettingsError(f"{setting} is no address: {server!r}", "it does not begin with https:// and a host", step)
    return origin


def server_of_api(api: str) -> str:
    """The address of the GitHub server whose API is at ``api``; empty when there is none."""
    parts = urlsplit(api)
    host = parts.netloc.lower()
    if host.startswith("api.") and (host == "api.github.com" or host.endswith(".ghe.com")):
        host = host.removeprefix("api.")
    return f"{parts.scheme}://{host}" if host else ""


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    host = (parts.hostname or "").removeprefix("www.")
    return parts.scheme, host, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def is_private_line(address: str) -> bool:
    """Whether nobody else reads what is sent to ``address``: https, or this machine itself."""
    parts = urlsplit(address)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
