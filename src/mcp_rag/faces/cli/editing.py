"""A text in the user's editor."""

from __future__ import annotations

import click

from mcp_rag.errors import InputError


def edited_text(text: str, instead: str = "") -> str:
    """``text`` as the user leaves it; ``instead`` is what to do where there is no editor.

    Raises:
        InputError: the editor did not work, or nothing was saved.
    """
    try:
        changed = click.edit(text, extension=".md")
    except click.ClickException as fault:
        raise InputError(
            "The editor did not work", fault.message, f"Set EDITOR, or give {instead or '--file'}"
        ) from fault
    if changed is None:
        raise InputError(
            "Nothing was changed", "the text was left as it was", f"Save it, or give {instead or '--file'}"
        )
    return changed
