"""Builds the concrete parts from Settings: the only place where they are chosen.

The ledger opens at once; the embedding model and the vector index at their first use, because an answer that is
certain without them must not wait for their engines to start.
"""

from mcp_rag.intake import redactor_of, source_of
from mcp_rag.wiring.around import environment_versions, surroundings_of
from mcp_rag.wiring.chats import chat_at
from mcp_rag.wiring.houses import (
    DEFAULT_TEAM,
    House,
    files_in_force,
    open_house,
    open_ledger,
    open_team_house,
    team_settings,
    teams_of,
)
from mcp_rag.wiring.late import LateEmbedder, LateIndex, Tell

__all__ = [
    "DEFAULT_TEAM",
    "House",
    "LateEmbedder",
    "LateIndex",
    "Tell",
    "chat_at",
    "environment_versions",
    "files_in_force",
    "open_house",
    "open_ledger",
    "open_team_house",
    "redactor_of",
    "source_of",
    "surroundings_of",
    "team_settings",
    "teams_of",
]
