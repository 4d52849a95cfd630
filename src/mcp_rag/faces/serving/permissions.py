"""What a request needs, by its method and path: the one table that the gate goes by."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_rag.faces.serving.callers import Scope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Rule:
    """``needs`` for the paths that are or lie below ``path``, asked by one of ``methods`` (none named: by any).

    None: everybody may, without a token.
    """

    path: str
    needs: Scope | None
    methods: frozenset[str] = frozenset()


_POST = frozenset({"POST"})

RULES: tuple[Rule, ...] = (
    # Asked by load balancers, which have no token; they tell nothing of anybody's logs.
    Rule("/healthz", None),
    Rule("/readyz", None),
    # A page without a log in it, where a person gives the token.
    Rule("/login", None),
    Rule("/static", None, SAFE_METHODS),
    # How a page looks to one browser.
    Rule("/preferences", None),
    Rule("/logout", None),
    # Reading a log; what is said of the answer needs more, and is asked there.
    Rule("/diagnoses", Scope.READ),
    # A question to the language model, which can change nothing.
    Rule("/ask", Scope.READ),
    Rule("/v1/ask", Scope.READ),
    Rule("/v1/tokens", Scope.ADMIN),
    Rule("/v1/audit", Scope.ADMIN),
    # Counts, which tell nothing of anybody's logs; Prometheus sends a token.
    Rule("/metrics", Scope.READ),
    # Each tool that writes demands the other scope by itself.
    Rule("/mcp", Scope.READ),
    # They ask with a body.
    Rule("/v1/diagnose", Scope.READ),
    Rule("/v1/extract", Scope.READ),
    Rule("/v1/search", Scope.READ),
    Rule("/v1/chat", Scope.READ),
    Rule("/v1/alerts", Scope.READ),
    Rule("/v1/logs", Scope.READ),
    Rule("/v1/tasks", Scope.READ),
    Rule("/", Scope.READ, SAFE_METHODS),
    Rule("/", Scope.WRITE),
)
"""The first that covers a request counts."""


_BELOW = tuple((rule.path, rule.path.rstrip("/") + "/", rule.methods, rule.needs) for rule in RULES)
"""What is the same for every request: each passes here twice."""


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs; None when everybody may."""
    for named, below, methods, needs in _BELOW:
        if (path == named or path.startswith(below)) and (not methods or method in methods):
            return needs
    raise AssertionError(f"no rule for {path!r}")  # the last one covers everything below /
