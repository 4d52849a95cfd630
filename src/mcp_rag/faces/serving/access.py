"""Who may ask: on loopback everybody on this machine, elsewhere those with a token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mcp_rag.errors import SettingsError

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_HOW = "Write `printf %s TOKEN | sha256sum | cut -d' ' -f1` into it, one line a token"


@dataclass(frozen=True, slots=True)
class Access:
    """``digests`` are the SHA-256 of the tokens that are accepted, in lower-case hexadecimal; none: open, which is
    for loopback alone."""

    digests: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return not self.digests

    def admits(self, authorization: str | None) -> bool:
        """Whether an ``Authorization`` header bears a token that is accepted."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        digest = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
        # All are compared, so that the time says nothing about which line was near.
        return sum(hmac.compare_digest(digest, known) for known in self.digests) > 0


def access_for(host: str, tokens_file: str) -> Access:
    """The access that binding to ``host`` asks for.

    Raises:
        SettingsError: the file cannot be used, or ``host`` is reachable from elsewhere and there are no tokens.
    """
    digests = read_digests(Path(tokens_file).expanduser()) if tokens_file else ()
    if not digests and not is_loopback(host):
        raise SettingsError(
            f"Will not listen on {host} without tokens",
            "whoever reaches this machine could read and change what it knows",
            f"Set MCP_RAG_SERVE_TOKENS_FILE to a file. {_HOW}; or bind to 127.0.0.1",
        )
    return Access(digests)


def read_digests(path: Path) -> tuple[str, ...]:
    """The digests in a file, one a line; empty lines and those that begin with ``#`` say nothing.

    Raises:
        SettingsError: it cannot be read, holds none, or a line is no digest (it may be a token: it is not shown).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"The tokens file {path} cannot be read", str(fault), _HOW) from fault
    digests = []
    for number, line in enumerate(lines, 1):
        digest = line.strip()
        if not digest or digest.startswith("#"):
            continue
        if not _DIGEST.fullmatch(digest):
            raise SettingsError(
                f"Line {number} of {path} is no SHA-256 digest", "it is not 64 hexadecimal digits", _HOW
            )
        digests.append(digest.lower())
    if not digests:
        raise SettingsError(f"The tokens file {path} holds no digest", "", _HOW)
    return tuple(digests)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``; of a name other than ``localhost`` nobody can be sure."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host of a ``Host`` header; empty when it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def same_origin(origin: str, authority: str) -> bool:
    """Whether a page of ``origin`` was loaded from the server that ``authority`` (a ``Host`` header) names."""
    return origin.partition("://")[2].lower() == authority.lower()
