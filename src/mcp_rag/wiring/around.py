"""What stands around a log: the versions that are installed, and what a command is run in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_rag.intake import redactor_of
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.runs.surroundings import Surroundings


def environment_versions(environment: str | None) -> Mapping[str, str]:
    """The versions of ``here`` (this Python's packages) or of a requirements or lock file; none of None."""
    from mcp_rag.knowledge.lock_files import versions_from_file
    from mcp_rag.knowledge.version_check import installed_versions

    if environment is None:
        return {}
    return installed_versions() if environment == "here" else versions_from_file(Path(environment))


def surroundings_of(settings: Settings, command: Sequence[str]) -> Surroundings:
    """What is around a command that is run here: what `mcp-rag run` remembers of it."""
    from mcp_rag.knowledge.lock_files import versions_from_file
    from mcp_rag.runs.surroundings import observe
    from mcp_rag.runs.variables import chosen

    redact = redactor_of(settings)
    variables = chosen(os.environ, settings.run_variables.split(","), redact)
    return observe(command, Path.cwd(), variables, versions_from_file, redact)
