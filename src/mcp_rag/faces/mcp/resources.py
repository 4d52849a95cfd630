"""Known issues and incidents as resources: listed in pages, read by their address, their names completed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.mcpserver.resources import ResourceSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    ListResourcesResult,
    PaginatedRequestParams,
    PromptReference,
    Resource,
    ResourceTemplateReference,
)

from mcp_rag import librarian
from mcp_rag.errors import McpRagError, NotFound
from mcp_rag.faces.serialisation import stored_incident_to_json
from mcp_rag.faces.serving.asking import Asked
from mcp_rag.knowledge.issue_file import render_issue_file
from mcp_rag.wiring import House

ISSUE, INCIDENT = "mcp-rag://issues/{key}", "mcp-rag://incidents/{id}"

PAGE = 100
"""Resources in one answer: some 5,000 tokens. Chosen by eye."""

LATEST = 50
"""Incidents that are listed, before the known issues. Chosen by eye."""

MOST_COMPLETIONS = 100
"""The specification's own ceiling."""


class PagedServer(MCPServer[None]):
    """A server whose resources are listed a page at a time, as many as the house of the caller has."""

    asked_now: Callable[[], Asked]

    async def _handle_list_resources(
        self, ctx: ServerRequestContext[None, Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        house = self.asked_now().house
        after = _read_cursor(params.cursor if params else None)
        first = [] if after is not None else [*await self.list_resources(), *await house.on_house(_latest, house.house)]
        titles = await house.on_house(_titles, house.house, after or "")
        last = titles[-1][0] if len(titles) == PAGE else None
        return ListResourcesResult(
            resources=[*first, *(_issue(key, title) for key, title in titles)],
            next_cursor=_cursor(last) if last is not None else None,
        )


def add_resources(server: MCPServer[None], asked_now: Callable[[], Asked]) -> None:
    """The two templates, and the completion of their names."""

    @server.resource(
        ISSUE, title="A known issue", mime_type="text/markdown", security=ResourceSecurity(exempt_params={"key"})
    )
    async def known_issue(key: str) -> str:
        """One known issue as the file that a repository would keep: symptoms, cause, fix."""
        house = asked_now().house
        return await house.on_house(_read, lambda: render_issue_file(librarian.one_issue(house.house.ledger, key)))

    @server.resource(INCIDENT, title="An incident", mime_type="application/json")
    async def incident(id: str) -> str:
        """A failure that was seen: when, how often, and what came of it."""
        house = asked_now().house
        return await house.on_house(_read, lambda: _incident_text(house.house, id))

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        house, names = asked_now().house, list[str]()
        template = ref.uri if isinstance(ref, ResourceTemplateReference) else ""
        if (template, argument.name) == (ISSUE, "key") and argument.value:
            names = await house.on_house(house.house.ledger.issues.find, argument.value)
        elif (template, argument.name) == (INCIDENT, "id") or argument.name == "incident":
            latest = await house.on_house(house.house.ledger.incidents.list, LATEST)
            names = [stored.id for stored in latest if stored.id.startswith(argument.value.lower())]
        return Completion(values=names[:MOST_COMPLETIONS], total=len(names), has_more=len(names) > MOST_COMPLETIONS)


def _read(work: Callable[[], str]) -> str:
    try:
        return work()
    except NotFound as absent:
        raise ResourceNotFoundError(str(absent)) from absent
    except McpRagError as error:
        raise ResourceError(str(error)) from error


def _incident_text(house: House, name: str) -> str:
    if name == "last":
        raise NotFound("`last` names no incident here", "others may have asked since", "Give the incident's id")
    stored = house.ledger.incidents.get(name)
    outcomes = [
        {"outcome": one.kind.value, "issue": one.issue_key, "fix": one.fix, "at": one.at.isoformat()}
        for one in stored.outcomes
    ]
    excerpt = [{"line": e.line, "text": e.text} for e in stored.incident.excerpt]
    whole = {**stored_incident_to_json(stored), "source": stored.source, "excerpt": excerpt, "outcomes": outcomes}
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _latest(house: House) -> list[Resource]:
    return [
        Resource(
            uri=f"mcp-rag://incidents/{stored.id}",
            name=stored.id,
            title=stored.incident.message[:200],
            description=f"seen {stored.history.count} times, last {stored.history.last_seen:%Y-%m-%d %H:%M} UTC",
            mime_type="application/json",
        )
        for stored in house.ledger.incidents.list(LATEST)
    ]


def _titles(house: House, after: str) -> list[tuple[str, str]]:
    return house.ledger.issues.titles(after, PAGE, house.knowledge.without_sources)


def _issue(key: str, title: str) -> Resource:
    return Resource(uri=f"mcp-rag://issues/{quote(key, safe='')}", name=key, title=title, mime_type="text/markdown")


def _cursor(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _read_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, ValueError) as wrong:
        raise MCPError(INVALID_PARAMS, "That is no cursor of this list") from wrong
