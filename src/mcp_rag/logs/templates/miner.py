"""The miner that everybody uses: it chooses between Python alone and compiled loops, which give the same templates."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, islice
from typing import Protocol

from mcp_rag.errors import MissingExtra
from mcp_rag.logs.templates.names import Numbers, number_tokens, unite
from mcp_rag.logs.templates.plain import SIMILARITY, PlainEngine
from mcp_rag.logs.templates.template import Template, Token

LINES_WORTH_COMPILED = 12_000
"""Lines from which loading the compiled loops (0.4 s) pays; below, Python alone is done sooner. Measured with
``benchmarks/templates.py``."""

_KERNEL = "mcp_rag.logs.templates.kernel"


class Engine(Protocol):
    """What both halves do."""

    @property
    def templates(self) -> list[Template]: ...
    def add(self, line: str) -> Template: ...
    def add_all(self, lines: Iterable[str]) -> Iterator[Template]: ...
    def match(self, line: str) -> Template | None: ...
    def restore(self, templates: Iterable[Template]) -> None: ...
    def numbers(self) -> Numbers: ...


class TemplateMiner:
    """Mines templates in one pass; the same lines in the same order give the same templates.

    Memory grows with the number of templates, of which at most ``max_templates`` are kept; lines of further shapes
    all count as one template ``<*>``.

    Args:
        similarity: share of equal constant tokens from which lines share a template.
        max_templates: see above.
        fast: True for compiled loops, which need the ``fast`` extra, False for Python alone; by default the compiled ones
            where they are installed and lines come in numbers that are worth it. The templates are the same.

    Raises:
        MissingExtra: ``fast`` is True and the extra is not installed.
    """

    def __init__(
        self, similarity: float = SIMILARITY, max_templates: int = 100_000, *, fast: bool | None = None
    ) -> None:
        self.similarity = similarity
        self.max_templates = max_templates
        self._fast = fast
        self._restored: list[Template] = []
        self._chosen: Engine | None = None
        if fast:
            self._choose(True)

    @property
    def templates(self) -> list[Template]:
        """All templates, in the order in which they appeared; those that differ only in names are one, which is found out
        anew at each look."""
        mined = self.mined
        return unite(mined, self._chosen.numbers() if self._chosen else number_tokens(mined))

    @property
    def mined(self) -> list[Template]:
        """The templates before names are found among their words: what goes on being mined, and what is saved."""
        return self._chosen.templates if self._chosen else self._restored

    def add(self, line: str) -> Template:
        """Count ``line`` under its template, which is made or widened when it must be."""
        return self._engine(1).add(line)

    def add_all(self, lines: Iterable[str]) -> Iterator[Template]:
        """``add`` for each line, lazily, a batch at a time: much faster. A template that is given may already count, and
        have been widened by, further lines of its batch."""
        if self._chosen is None and self._fast is None:
            coming = iter(lines)
            begun = list(islice(coming, LINES_WORTH_COMPILED))
            lines = chain(begun, coming)
            self._engine(len(begun))
        return self._engine(1).add_all(lines)

    def match(self, line: str) -> Template | None:
        """The template of a line whose shape was seen before, changing nothing; None when it is new."""
        return self._engine(1).match(line)

    def merge(self, others: Sequence[TemplateMiner]) -> None:
        """Take in what other miners found, in their order: files can be mined apart and in parallel, and the result does
        not depend on how many at once."""
        counts: dict[tuple[Token, ...], int] = {}
        for miner in (self, *others):
            for template in miner.mined:
                counts[template.own_tokens] = counts.get(template.own_tokens, 0) + template.own_count
        self._chosen, self._restored = None, []
        self.restore(Template(tokens, count) for tokens, count in counts.items())

    def restore(self, templates: Iterable[Template]) -> None:
        """Take templates that were saved, before the first line."""
        if self._chosen:
            self._chosen.restore(templates)
        else:
            self._restored.extend(templates)

    def _engine(self, lines: int) -> Engine:
        if self._chosen is None:
            worth = lines >= LINES_WORTH_COMPILED or (_KERNEL in sys.modules and lines > 1)
            self._choose(self._fast is None and worth and find_spec("numba") is not None)
        assert self._chosen is not None
        return self._chosen

    def _choose(self, fast: bool) -> None:
        chosen: Engine = (
            _compiled(self.similarity, self.max_templates) if fast else PlainEngine(self.similarity, self.max_templates)
        )
        chosen.restore(self._restored)
        self._chosen, self._restored = chosen, []


def _compiled(similarity: float, max_templates: int) -> Engine:
    try:
        from mcp_rag.logs.templates.fast import FastEngine
    except ImportError as missing:
        raise MissingExtra(
            "Compiled template mining is not installed", str(missing), "pip install 'mcp-rag[fast]', or leave fast out"
        ) from missing
    return FastEngine(similarity, max_templates)
