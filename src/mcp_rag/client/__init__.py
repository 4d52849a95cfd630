"""Asks a running ``mcp-rag serve``, from Python.

::

    from mcp_rag.client import Client

    with Client("https://mcp-rag.example", token="…") as client:
        diagnosis = client.diagnose("build.log")
        print(diagnosis.verdict, diagnosis.fix and diagnosis.fix.text)

``AsyncClient`` has the same methods as coroutines. Logs are read, masked and compressed here before they are sent; what
comes back are the values of ``mcp_rag.records``. Every method raises the errors of ``mcp_rag.errors``: RemoteUnreachable,
RemoteRefused or RemoteBusy where the server is down, refuses or is busy, and what the server itself says went wrong.
"""

from mcp_rag.client.clients import AsyncClient, Client
from mcp_rag.client.values import Recorded, SearchResult, SeenIncident, SeenJob, ShownSpan

__all__ = ["AsyncClient", "Client", "Recorded", "SearchResult", "SeenIncident", "SeenJob", "ShownSpan"]
