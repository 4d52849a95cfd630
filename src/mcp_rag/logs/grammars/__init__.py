"""How failures look, a module a family of tools; ``RULES`` is the table, tried in its order."""

from __future__ import annotations

from mcp_rag.logs.grammars import (
    compiled,
    generic,
    javascript,
    jvm,
    languages,
    listings,
    native,
    python,
    scripting,
    systems,
)
from mcp_rag.logs.grammars.rule import Rule

RULES: tuple[Rule, ...] = (
    *listings.RULES,
    *python.RULES,
    *languages.RULES,
    *jvm.RULES,
    *compiled.RULES,
    *native.RULES,
    *javascript.RULES,
    *scripting.RULES,
    *systems.RULES,
    *generic.RULES,
)
"""Earlier rules win a line over later ones: tools' own grammars stand before what all tools share."""

BY_KIND = {rule.kind: rule for rule in RULES}
