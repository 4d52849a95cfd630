"""The key that signs what a browser keeps."""

from __future__ import annotations

import secrets

from fastapi import Request

_KEY = "web signing key"


def signing_key_of(request: Request) -> str:
    """The secret that signs forms and sessions: the same for all servers of one ledger."""
    held: str | None = getattr(request.app.state, "web_signing_key", None)
    if held is None:
        ledger = request.app.state.root.house.ledger
        held = ledger.state.set_once(_KEY, secrets.token_urlsafe(32))
        request.app.state.web_signing_key = held
    return held
