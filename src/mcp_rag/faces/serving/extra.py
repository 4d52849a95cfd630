"""The packages that the served faces need, which not everybody installs."""

from __future__ import annotations

import importlib

from mcp_rag.errors import MissingExtra


def require_extra(*packages: str) -> None:
    """Import ``packages``.

    Raises:
        MissingExtra: one is not installed.
    """
    try:
        for package in packages:
            importlib.import_module(package)
    except ImportError as fault:
        raise MissingExtra(
            "Serving needs packages that are not installed", str(fault), "`pip install 'mcp-rag[serve]'` installs them"
        ) from fault
