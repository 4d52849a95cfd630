"""The packages that the served faces need, which not everybody installs."""

from __future__ import annotations

from importlib.util import find_spec

from mcp_rag.errors import MissingExtra


def require_extra(*packages: str) -> None:
    """Look whether ``packages``, by their top names, are installed. None is imported: that takes seconds, and not all are
    needed at the start.

    Raises:
        MissingExtra: one is not installed.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise MissingExtra(
            "Serving needs packages that are not installed",
            f"there is no {', no '.join(missing)}",
            "`pip install 'mcp-rag[serve]'` installs them",
        )
