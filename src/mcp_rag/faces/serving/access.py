"""Who may ask: on loopback everybody on this machine, elsewhere those with a token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from mcp_rag.errors import InputError, SettingsError
from mcp_rag.faces.serving.callers import Caller, Scope
from mcp_rag.ledger import StoredToken
from mcp_rag.ledger.tokens import ID_DIGITS, Tokens
from mcp_rag.wiring import DEFAULT_TEAM

TOKEN_PREFIX = "mcprag_"
"""So that a token that leaked is seen for what it is."""

REMEMBERED_SECONDS = 5.0
"""A token is looked up again after so long: a revoked one is let in no longer than that. Chosen by eye."""

MOST_REMEMBERED = 1_000
"""Tokens, right and wrong ones, of which it is remembered whose they are. Chosen by eye."""

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_HOW = "Write `printf %s TOKEN | sha256sum | cut -d' ' -f1` into it, one line a token"


class Access:
    """Tells who a token belongs to; safe between threads.

    ``digests`` are the SHA-256 of tokens of the team ``default`` with every scope, in lower-case hexadecimal;
    ``tokens`` those that the ledger knows. ``is_open``: nobody is asked for one, which is for loopback alone.
    """

    def __init__(self, digests: Sequence[str] = (), tokens: Tokens | None = None, *, is_open: bool = False) -> None:
        self.is_open = is_open
        self._digests, self._tokens = tuple(digests), tokens
        self._remembered: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._lock = Lock()

    def remembered(self, token: str) -> tuple[bool, Caller | None]:
        """Whether it is known without asking the ledger whose ``token`` is; and whose."""
        with self._lock:
            until, caller = self._remembered.get(digest_of(token), (0.0, None))
        return time.monotonic() < until, caller

    def has_let_in(self, token: str) -> bool:
        """Whether ``token`` was right when it was last looked up, however long ago: no guess of somebody's."""
        with self._lock:
            return self._remembered.get(digest_of(token), (0.0, None))[1] is not None

    def caller(self, token: str) -> Caller | None:
        """Whose ``token`` is; None of a wrong, a revoked or an expired one.

        Raises:
            LedgerError: the ledger cannot be asked.
        """
        digest = digest_of(token)
        found, seconds = self._looked_up(digest)
        with self._lock:
            self._remembered[digest] = (time.monotonic() + seconds, found)
            self._remembered.move_to_end(digest)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def caller_of(self, digest: str, stored: StoredToken | None) -> Caller | None:
        """The same of a token's digest, and what the ledger has of that token now: nothing is remembered."""
        return self._from_file(digest) or (_caller_of(stored) if stored is not None and is_live(stored) else None)

    def _looked_up(self, digest: str) -> tuple[Caller | None, float]:
        """Whose the token of ``digest`` is, and for how many seconds that holds at most."""
        stored, seconds = self._tokens.find(digest) if self._tokens is not None else None, REMEMBERED_SECONDS
        found = self.caller_of(digest, stored)
        if found is not None and stored is not None and stored.expires_at is not None:
            seconds = min(seconds, (stored.expires_at - datetime.now(UTC)).total_seconds())
        return found, seconds

    def _from_file(self, digest: str) -> Caller | None:
        # All are compared, so that the time says nothing about which line was near.
        if sum(hmac.compare_digest(digest, known) for known in self._digests):
            return Caller(f"token-{digest[:ID_DIGITS]}", DEFAULT_TEAM, frozenset(Scope))
        return None


def token_in(authorization: str | None) -> str | None:
    """The token of an ``Authorization`` header; None when it bears none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def new_token() -> str:
    """A token that nobody guesses: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def checked_name(name: str) -> str:
    """``name`` as a token bears it.

    Raises:
        InputError: no token can be called so.
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError("That is no name for a token", "it is empty, longer than 100 characters or not printable")
    return name.strip()


def token_to_json(token: StoredToken) -> dict[str, Any]:
    """What may be told of a token."""
    standing = "revoked" if token.revoked_at else "live" if is_live(token) else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "team": token.team,
        "scopes": list(token.scopes),
        "standing": standing,
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds") if token.expires_at else None,
    }


def is_live(token: StoredToken) -> bool:
    """Whether a stored token opens anything now."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > datetime.now(UTC))


def access_for(host: str, digests: Sequence[str], tokens: Tokens) -> Access:
    """The access that binding to ``host`` asks for.

    It is open when that is loopback and nobody has made a token that was not revoked since.

    Raises:
        SettingsError: ``host`` is reachable from elsewhere and there are no tokens.
    """
    kept = [token for token in tokens.list() if token.revoked_at is None]
    if is_loopback(host):
        return Access(digests, tokens, is_open=not digests and not kept)
    refuse_unguarded(host, digests, kept)
    return Access(digests, tokens)


def refuse_unguarded(host: str, digests: Sequence[str], kept: Iterable[StoredToken]) -> None:
    """See that nobody from elsewhere reaches a server without tokens.

    Raises:
        SettingsError: as :func:`access_for`.
    """
    if not is_loopback(host) and not digests and not any(map(is_live, kept)):
        raise SettingsError(
            f"Will not listen on {host} without tokens",
            "whoever reaches this machine could read and change what it knows",
            "Make one by `mcp-rag tokens create --name NAME`, or set MCP_RAG_SERVE_TOKENS_FILE to a file of digests; "
            "or bind to 127.0.0.1",
        )


def _caller_of(token: StoredToken) -> Caller:
    return Caller(token.name, token.team, frozenset(Scope(scope) for scope in token.scopes))


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


def proxies_in(text: str) -> tuple[str, ...]:
    """The addresses and networks in a list with commas.

    Raises:
        SettingsError: one is none.
    """
    proxies = tuple(part.strip() for part in text.split(",") if part.strip())
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as wrong:
            step = "Set MCP_RAG_SERVE_PROXIES to such as 10.0.0.7 or 10.0.0.0/24"
            raise SettingsError("The setting serve_proxies cannot be used", str(wrong), step) from wrong
    return proxies


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
