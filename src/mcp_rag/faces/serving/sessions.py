"""A browser's session: its token in a cookie that is signed and ends by itself."""

from __future__ import annotations

import secrets
from functools import cached_property

from itsdangerous import BadData, URLSafeTimedSerializer

from mcp_rag.ledger import Ledger

KEY = "web signing key"
SECONDS = 12 * 3600
"""How long a browser stays signed in: a working day. Chosen by eye."""


class Sessions:
    """Sessions of all servers of one ledger, which holds the key that signs them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @cached_property
    def key(self) -> str:
        """The secret, made by whichever server was first."""
        return self._ledger.state.set_once(KEY, secrets.token_urlsafe(32))

    def begin(self, token: str) -> str:
        """The cookie of a session that ``token`` opens. The token is asked about anew with each request."""
        return str(self._serializer.dumps(token))

    def token(self, cookie: str | None) -> str | None:
        """The token of a session; None of one that is over or not ours."""
        try:
            return str(self._serializer.loads(cookie, max_age=SECONDS)) if cookie else None
        except BadData:
            return None

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="mcp-rag-session")
