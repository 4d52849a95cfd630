"""A failed run's URL → the logs of its failed jobs, and of the same jobs where they last passed.

The network is reached because a person gave a URL, and at no other time. A token goes to the server that it is for, and
nowhere else.
"""

from mcp_rag.connectors.fetching import FailedJob, FetchedLog, fetch_failed_jobs
from mcp_rag.connectors.places import Accounts, Forge, RunPlace, place_of

__all__ = ["Accounts", "FailedJob", "FetchedLog", "Forge", "RunPlace", "fetch_failed_jobs", "place_of"]
