"""The ledger: the one truth of known issues, incidents and outcomes, in SQLite or, by URL, PostgreSQL.

Importing this package is cheap; the SQL layer is loaded when a ledger is opened.
"""

from mcp_rag.ledger.ledger import Ledger
from mcp_rag.ledger.values import (
    Change,
    Imported,
    Origin,
    Outcome,
    Replaced,
    Saying,
    Sighting,
    StoredDiagnosis,
    StoredGoodRun,
    StoredIncident,
    StoredTask,
    StoredToken,
    TaskStanding,
)

__all__ = [
    "Change",
    "Imported",
    "Ledger",
    "Origin",
    "Outcome",
    "Replaced",
    "Saying",
    "Sighting",
    "StoredDiagnosis",
    "StoredGoodRun",
    "StoredIncident",
    "StoredTask",
    "StoredToken",
    "TaskStanding",
]
