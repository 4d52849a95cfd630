"""The tools that ask what is known, and add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from mcp.server import MCPServer
from mcp.types import CallToolResult
from pydantic import Field

from mcp_rag.faces.mcp.bounds import DEFAULT_CHARACTERS
from mcp_rag.faces.mcp.calls import ASKS, WRITES, Bounded, MaxCharacters, answer, told
from mcp_rag.faces.serving import looking
from mcp_rag.faces.serving.adding import AddedAnswer, Draft, add_issue
from mcp_rag.faces.serving.answers import IssueAnswer, OutcomeAnswer, SearchAnswer
from mcp_rag.faces.serving.asking import Asked
from mcp_rag.faces.serving.callers import Scope
from mcp_rag.faces.serving.looking import EnvironmentAnswer
from mcp_rag.records import OutcomeKind

MOST_RESULTS = 50
"""Most known issues in one answer. Chosen by eye."""

LONGEST_TEXT = 20_000
"""Characters of a cause, a fix or a query. Chosen by eye."""


class Found(SearchAnswer, Bounded):
    more: int | None = Field(description="the `skip` that shows what ranks next; null when there is nothing more")


class Issue(IssueAnswer, Bounded): ...


class Recorded(OutcomeAnswer, Bounded): ...


class Added(AddedAnswer, Bounded): ...


class Environment(EnvironmentAnswer, Bounded): ...


Prose = Annotated[str, Field(max_length=LONGEST_TEXT)]
Short = Annotated[str, Field(max_length=500)]
Shorts = Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=50)]


def add_asking_tools(server: MCPServer[None], asked_now: Callable[[], Asked]) -> None:
    """``search_known_issues``, ``get_known_issue`` and ``check_environment``."""

    @server.tool(title="Search known issues", annotations=ASKS)
    async def search_known_issues(
        query: Annotated[
            str, Field(min_length=1, max_length=LONGEST_TEXT, description="An error's text, or words on it.")
        ],
        limit: Annotated[int, Field(ge=1, le=MOST_RESULTS)] = 5,
        skip: Annotated[int, Field(ge=0, le=200, description="Leave out the first; `more` of an answer says it.")] = 0,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Found]:
        """Rank the known issues for an error's text; `match` says whether the best one answers it."""
        house = asked_now().house
        with told():
            found = await house.on_index(house.search, query, skip + limit + 1)
            shown, rest = found["results"][skip : skip + limit], found["results"][skip + limit :]
            more = skip + limit if rest else None
            return answer({**found, "results": shown, "more": more}, max_characters)

    @server.tool(title="Read a known issue", annotations=ASKS)
    async def get_known_issue(
        issue: Annotated[str, Field(min_length=1, max_length=2_000, description="ID, or SOURCE/ID.")],
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Issue]:
        """Give one known issue in full: symptoms, cause, fix, commands, the versions it applies to."""
        house = asked_now().house
        with told():
            return answer(await house.on_house(house.issue, issue), max_characters)

    @server.tool(title="Check an environment", annotations=ASKS)
    async def check_environment(
        packages: Annotated[
            dict[str, str] | None, Field(max_length=5_000, description='Package → version; "python" is one of them.')
        ] = None,
        lock_file: Annotated[
            str | None,
            Field(
                max_length=5_000_000,
                description="The text of a requirements file, uv.lock, poetry.lock or package-lock.json, in its place.",
            ),
        ] = None,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Environment]:
        """Name the known issues that will strike where packages have these versions, with their fix, before they do."""
        house = asked_now().house
        with told():
            found = await house.on_house(looking.check_environment, house.house, packages, lock_file)
            return answer(found, max_characters)


def add_writing_tools(server: MCPServer[None], asked_now: Callable[[], Asked]) -> None:
    """``record_outcome`` and ``add_known_issue``; both need the scope write."""

    @server.tool(title="Record an outcome", annotations=WRITES)
    async def record_outcome(
        incident: Annotated[str, Field(min_length=1, max_length=200, description="The incident of a diagnosis.")],
        outcome: Literal["confirmed", "rejected"],
        issue: Annotated[str | None, Field(max_length=2_000, description="By default the one diagnosed.")] = None,
        fix: Annotated[
            str | None, Field(max_length=LONGEST_TEXT, description="What fixed it; becomes a known issue at once.")
        ] = None,
    ) -> Annotated[CallToolResult, Recorded]:
        """Say whether a diagnosis helped. Only after it was seen to help or not, never by guess."""
        asked = asked_now()
        with told():
            asked.caller.demand(Scope.WRITE)
            kind = OutcomeKind(outcome)
            done = await asked.house.on_house(asked.house.record_outcome, incident, kind, issue, fix)
            return answer(done, DEFAULT_CHARACTERS)

    @server.tool(title="Add a known issue", annotations=WRITES)
    async def add_known_issue(
        title: Annotated[Short, Field(description="What it is called: the error in a line.")],
        cause: Annotated[Prose, Field(description="Why it happens.")],
        fix: Annotated[Prose, Field(description="What to do.")],
        symptoms: Annotated[Shorts, Field(description="Lines it prints; {name} stands for a part that varies.")] = [],  # noqa: B006
        commands: Annotated[Shorts, Field(description="Commands of the fix.")] = [],  # noqa: B006
        applies_to: Annotated[dict[str, str], Field(max_length=50, description="Package → PEP 440 specifier.")] = {},  # noqa: B006
        urls: Annotated[Shorts, Field(description="Where it is told.")] = [],  # noqa: B006
        language: Short = "",
        package: Short = "",
        issue_id: Annotated[Short, Field(description="By default made of the title.")] = "",
        incident: Annotated[str, Field(max_length=200, description="Take symptoms and tool from this incident.")] = "",
        despite_faults: Annotated[bool, Field(description="Keep it although something was found.")] = False,
        max_characters: MaxCharacters = DEFAULT_CHARACTERS,
    ) -> Annotated[CallToolResult, Added]:
        """Write a failure's cause and fix down as the team's own known issue, found from now on.

        It is checked and held against what is known: with a fault, or an entry that answers it already, nothing is
        kept, and both are told. Only what is known to be true; ask the person first.
        """
        asked = asked_now()
        draft = Draft(title, cause, fix, symptoms, commands, applies_to, urls, language, package, issue_id, incident)
        with told():
            asked.caller.demand(Scope.WRITE)
            done = await asked.house.on_index(add_issue, asked.house.house, draft, despite_faults=despite_faults)
            return answer(done, max_characters)
