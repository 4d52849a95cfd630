"""A browser's session: a cookie that names a token without telling it, is signed, and ends by itself."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cached_property

from itsdangerous import BadData, URLSafeTimedSerializer

from mcp_rag.faces.serving.access import digest_of
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
        """The cookie of a session that ``token`` opens. Neither token nor digest can be read from it, and whose token it
        is is asked anew with each request."""
        return str(self._serializer.dumps(self.handle(digest_of(token))))

    def handle_in(self, cookie: str | None) -> str | None:
        """The handle in a session's cookie; None of one that is over or not ours."""
        try:
            return str(self._serializer.loads(cookie, max_age=SECONDS)) if cookie else None
        except BadData:
            return None

    def handle(self, digest: str) -> str:
        """What stands for the token of ``digest`` in a cookie: only who has the key and the digest can make it."""
        return hmac.new(self.key.encode(), f"session {digest}".encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="mcp-rag-session")
