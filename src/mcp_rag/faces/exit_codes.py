"""Exit codes: what happened, for scripts. The verdict becomes a code only with ``--exit-code``."""

from __future__ import annotations

from enum import IntEnum

from mcp_rag.errors import (
    ChatError,
    InputError,
    KnowledgeError,
    LedgerError,
    McpRagError,
    MissingExtra,
    NotFound,
    RemoteError,
    SettingsError,
)


class ExitCode(IntEnum):
    """0 when the work was done, whatever was found."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INPUT = 3
    NOT_FOUND = 4
    LEDGER = 5
    KNOWLEDGE = 6
    MISSING_EXTRA = 7
    CHAT = 8
    REMOTE = 9
    KNOWN = 10
    UNKNOWN = 11
    FINDINGS = 12
    INTERRUPTED = 130


_OF_ERROR: tuple[tuple[type[McpRagError], ExitCode], ...] = (
    (SettingsError, ExitCode.USAGE),
    (InputError, ExitCode.INPUT),
    (NotFound, ExitCode.NOT_FOUND),
    (LedgerError, ExitCode.LEDGER),
    (KnowledgeError, ExitCode.KNOWLEDGE),
    (MissingExtra, ExitCode.MISSING_EXTRA),
    (ChatError, ExitCode.CHAT),
    (RemoteError, ExitCode.REMOTE),
)


def exit_code_of(error: McpRagError) -> ExitCode:
    """The code of the branch of the error tree that ``error`` sits on."""
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), ExitCode.INTERNAL)
