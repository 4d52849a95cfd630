"""Where Milvus is → a client; Milvus' errors → ours."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp_rag.errors import IndexUnavailable, KnowledgeError, UnsupportedByEngine

CONNECT_SECONDS = 10.0
CALL_SECONDS = 120.0
"""Longest wait for one answer. By eye: a batch of 1,000 rows or a search of 100,000 takes about a second."""

COLLECTION_NOT_FOUND = 100
"""Milvus' error code, the same in Lite and the server."""

GONE = frozenset({"UNAVAILABLE", "CANCELLED"})
"""gRPC states of a connection whose other end has died."""


@dataclass(frozen=True, slots=True)
class MilvusConnection:
    """Either ``home``, a folder with an embedded Milvus under ``index/``, or the ``uri`` of a server."""

    home: Path | None = None
    uri: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    database: str = ""
    ca_file: str = ""
    linger_seconds: float = 120.0
    """How long a large embedded index stays loaded after its last use. By eye: until a person's next command."""

    @property
    def place(self) -> str:
        """Where it is, for people: without any password."""
        if self.home is not None:
            return str(self.home / "index")
        parts = urlsplit(self.uri)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else self.uri


def connect(connection: MilvusConnection, address: str) -> Any:
    """A ``pymilvus.MilvusClient`` for ``address``, a unix socket or the server's URI.

    Raises:
        IndexUnavailable: nobody answers there, or the user or password is refused.
    """
    pymilvus = import_pymilvus()
    options: dict[str, Any] = {"dedicated": True, "timeout": CONNECT_SECONDS}
    if connection.ca_file:
        options |= {"secure": True, "server_pem_path": connection.ca_file}
    if address.startswith("unix:"):
        # gRPC's server ends a connection that pings it more often than every five minutes.
        options["grpc_options"] = {"grpc.keepalive_time_ms": 2**31 - 1}
    with reported(connection):
        return pymilvus.MilvusClient(
            uri=address,
            user=connection.user,
            password=connection.password,
            token=connection.token,
            db_name=connection.database,
            **options,
        )


def import_pymilvus() -> Any:
    """The package, its loggers and gRPC's silenced: every fault is raised, so nothing is told twice."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GLOG_minloglevel", "3")
    import pymilvus

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    return pymilvus


@contextmanager
def reported(connection: MilvusConnection) -> Iterator[None]:
    """Milvus' errors, and gRPC's, as ours.

    Raises:
        IndexUnavailable: nobody answers.
        UnsupportedByEngine: this Milvus does not know the call.
        KnowledgeError: it refused, with its own words.
    """
    import grpc  # type: ignore[import-untyped]
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except MilvusException as fault:
        raise _translated(connection, fault, str(fault.message), _state(fault)) from fault
    except grpc.RpcError as fault:
        raise _translated(connection, fault, str(fault), _state(fault)) from fault
    except ValueError as fault:
        if "closed channel" not in str(fault):
            raise
        # Another thread found the engine dead and closed the channel under this one.
        raise Gone(f"Milvus at {connection.place} is gone", str(fault), _next_step(connection)) from fault
    except OSError as fault:
        raise IndexUnavailable(
            f"Milvus at {connection.place} cannot be reached", str(fault), _next_step(connection)
        ) from fault


class Gone(IndexUnavailable):
    """The other end died, or is not there: connecting again may help."""


class CollectionGone(KnowledgeError):
    """Somebody dropped the collection meanwhile."""


def _state(fault: BaseException) -> str:
    """The gRPC state behind an error, ``""`` if there is none. pymilvus raises errors ``from`` themselves."""
    seen: set[int] = set()
    link: BaseException | None = fault
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        code = getattr(link, "code", None)
        name = getattr(code() if callable(code) else code, "name", None)
        if name is not None:
            return str(name)
        link = link.__cause__
    return ""


def _translated(connection: MilvusConnection, fault: Exception, message: str, state: str) -> KnowledgeError:
    place, code = connection.place, getattr(fault, "code", None)
    why = " ".join(message.split())[:300]
    if state == "UNIMPLEMENTED":
        return UnsupportedByEngine(f"Milvus at {place} cannot do that", why, "Use a newer Milvus")
    if state in {"UNAUTHENTICATED", "PERMISSION_DENIED"} or "auth check failure" in message:
        return IndexUnavailable(
            f"Milvus at {place} refuses the user", why, "Check MCP_RAG_MILVUS_USER and its password"
        )
    if state in GONE or "Fail connecting to server" in message or "should create connection first" in message:
        return Gone(f"Milvus at {place} does not answer", why, _next_step(connection))
    if state == "DEADLINE_EXCEEDED" or "Retry timeout" in message:
        return IndexUnavailable(f"Milvus at {place} did not answer in time", why, _next_step(connection))
    if code == COLLECTION_NOT_FOUND:
        return CollectionGone("The collection is not there", why, "Run `mcp-rag knowledge rebuild`")
    return KnowledgeError(f"Milvus at {place} refused", why or type(fault).__name__, "Run `mcp-rag knowledge rebuild`")


def _next_step(connection: MilvusConnection) -> str:
    if connection.home is not None:
        return "Try again; if it stays so, run `mcp-rag knowledge rebuild`"
    return "Check MCP_RAG_MILVUS_URI and that the server runs"
