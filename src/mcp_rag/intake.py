"""What needs no home: where logs come from, how they are masked, and whose accounts fetch them.

Apart from `wiring`, because a command that a server answers loads neither ledger nor index.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import FileSource, StreamSource
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.connectors import Accounts


def source_of(name: str) -> LogSource:
    """The source that a command-line argument names: ``-`` is standard input."""
    return StreamSource(name, sys.stdin.buffer) if name == "-" else FileSource(name)


def is_url(name: str) -> bool:
    """Whether a command-line argument is a web address and no file's path."""
    return name.lower().startswith(("https://", "http://"))


def accounts_of(settings: Settings) -> Accounts:
    """The user's accounts on the servers whose runs are looked at."""
    from mcp_rag.connectors.places import Account, Accounts, server_of_api

    github = settings.github_url or server_of_api(settings.github_api_url) or "https://github.com"
    gitlab = settings.gitlab_url or "https://gitlab.com"
    return Accounts(
        Account(github, settings.github_api_url, settings.github_token),
        Account(gitlab if "://" in gitlab else f"https://{gitlab}", "", settings.gitlab_token),
    )


def redactor_of(settings: Settings) -> Callable[[str], str]:
    """The masking of secrets that the settings ask for."""
    from mcp_rag.logs.redaction import Redactor

    return Redactor(enabled=settings.redact, ips=settings.redact_ips).redact


def sharing_redactor_of(settings: Settings) -> Callable[[str], str]:
    """The masking of what is meant for others: secrets are masked whatever the settings say."""
    from mcp_rag.logs.redaction import Redactor

    return Redactor(ips=settings.redact_ips).redact
