"""A kept diagnosis → what its page shows: numbered citations, the window of the log, the map of where it failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_rag.faces.web.texts import visible
from mcp_rag.ledger import StoredDiagnosis
from mcp_rag.logs.failures import SURROUNDINGS
from mcp_rag.records import Excerpt

WINDOW_LINES = 200
"""Lines of a log on a page without JavaScript. Chosen by eye."""

BEFORE_LINES = 40
"""Of these, how many stand before the line that was asked for. Chosen by eye."""

MAP_HEIGHT = 1_000
SMALLEST_MARK = 6
"""Of the map's height: a mark that can still be seen and hit. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Place:
    """A failing span in the log, and where on the map it lies."""

    number: int
    first: int
    last: int
    key: int
    reason: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the log, or a gap of lines that are not kept (``text`` None, up to ``last``)."""

    number: int
    text: str | None
    marked: bool = False
    key: bool = False
    citation: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """One page. ``citations`` maps a line to its number, ``bears`` a number to the anchor of what it bears."""

    kept: StoredDiagnosis
    document: Mapping[str, Any]
    places: tuple[Place, ...]
    citations: Mapping[int, int]
    bears: Mapping[int, str]
    line: int
    rows: tuple[Row, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """Lines of the log in all."""
        return int(self.document["lines"])

    @property
    def failing(self) -> tuple[Place, ...]:
        return self.places

    def cited(self, lines: Iterable[int]) -> list[tuple[int, int]]:
        """(number, line) of those of ``lines`` that the page cites."""
        return [(self.citations[line], line) for line in dict.fromkeys(lines) if line in self.citations]

    @property
    def window(self) -> tuple[int, int]:
        """First and last line of a page without JavaScript."""
        first = max(1, min(self.line - BEFORE_LINES, self.lines - WINDOW_LINES + 1))
        return first, min(self.lines, first + WINDOW_LINES - 1)

    @property
    def viewport(self) -> tuple[float, float]:
        """Top and height of the window on the map."""
        first, last = self.window
        return _on_map(first, last, self.lines)


def view_of(kept: StoredDiagnosis, line: int | None = None) -> DiagnosisView:
    """The page of a diagnosis around ``line``, by default the one that names the cause."""
    document = kept.document
    places = tuple(_places(document))
    citations, bears = _citations(document)
    wanted = line or (places[0].key if places else 1)
    return DiagnosisView(kept, document, places, citations, bears, max(1, min(wanted, int(document["lines"]) or 1)))


def _places(document: Mapping[str, Any]) -> Iterable[Place]:
    count = int(document["lines"])
    failing = [span for span in document["spans"] if span["kind"] != SURROUNDINGS]
    for number, span in enumerate(failing, 1):
        top, height = _on_map(span["first"], span["last"], count)
        yield Place(number, span["first"], span["last"], span["key"], span["reason"], top, height)


def _on_map(first: int, last: int, count: int) -> tuple[float, float]:
    height = max(SMALLEST_MARK, (last - first + 1) / max(count, 1) * MAP_HEIGHT)
    top = (first - 1) / max(count, 1) * MAP_HEIGHT
    return round(min(top, MAP_HEIGHT - height), 2), round(min(height, MAP_HEIGHT), 2)


def _citations(document: Mapping[str, Any]) -> tuple[dict[int, int], dict[int, str]]:
    """Cited lines, numbered in the order in which the page names them, and what each bears."""
    said = [
        (name, document["statements"][name]["lines"]) for name in ("cause", "fix") if name in document["statements"]
    ]
    said.append(("failure", [citation["line"] for citation in document["citations"]]))
    said += [(f"evidence-{place}", evidence["lines"]) for place, evidence in enumerate(document["evidence"], 1)]
    numbers: dict[int, int] = {}
    bears: dict[int, str] = {}
    for anchor, lines in said:
        for line in lines:
            if line not in numbers:
                numbers[line] = len(numbers) + 1
                bears[numbers[line]] = anchor
    return numbers, bears


def rows_of(view: DiagnosisView, excerpts: Sequence[Excerpt], first: int, last: int) -> tuple[Row, ...]:
    """The lines ``first`` … ``last``, with a row for each gap of lines that are not there."""
    rows: list[Row] = []
    following = first
    for excerpt in excerpts:
        if excerpt.line > following:
            rows.append(Row(following, None, last=excerpt.line - 1))
        rows.append(_row(view, excerpt))
        following = excerpt.line + 1
    if following <= last:
        rows.append(Row(following, None, last=last))
    return tuple(rows)


def _row(view: DiagnosisView, excerpt: Excerpt) -> Row:
    line = excerpt.line
    return Row(
        number=line,
        text=visible(excerpt.text),
        marked=any(place.first <= line <= place.last for place in view.places),
        key=any(place.key == line for place in view.places),
        citation=view.citations.get(line, 0),
    )
