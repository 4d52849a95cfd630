"""What is known, held against a query: certain matches by the ledger alone, the others by the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache

from mcp_rag.knowledge.certainty import (
    ELSEWHERE_LEAD,
    help_of,
    holds_elsewhere,
    left_of,
    reasons_against,
    reasons_for,
    standing_of,
    sure_of,
)
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.index import (
    Hit,
    IndexEntry,
    IndexFilter,
    KnowledgeIndex,
)
from mcp_rag.knowledge.lookup import EMBEDDED_CHARACTERS, look_up
from mcp_rag.knowledge.own_exceptions import without_own_exceptions
from mcp_rag.knowledge.patterns import (
    CERTAIN_CHARACTERS,
    Pattern,
    SymptomMatch,
    compile_foreign,
    compile_symptom,
    lowered,
)
from mcp_rag.knowledge.queries import message_of, query_from_text
from mcp_rag.knowledge.ranking import (
    CANDIDATES,
    EXPLAINED_WEIGHT,
    MATCH_FROM,
    RANKING,
    Likeness,
    Ranking,
    confidence,
    cover,
    fuse,
    likenesses,
)
from mcp_rag.knowledge.tokens import body_of, head_of, index_tokens, stems
from mcp_rag.knowledge.version_check import check_versions
from mcp_rag.knowledge.votes import CONFIRMED, Votes, weigh
from mcp_rag.ledger import Ledger
from mcp_rag.records import Applicability, Evidence, KnownIssue, Query

__all__ = ["KnowledgeBase", "index_entries", "query_from_text"]


CONFIRMED_SCORE, VERSIONS_FIT_SCORE = 1000.0, 10.0
"""Among certain matches a confirmed fix goes before every pattern, and versions that fit count as ten literal characters
more. Chosen by eye."""

SHIPPED_PREFIX = "starter/"
"""Of the keys of issues that ship: they are public, and what a project's own exception says is none of them."""

NAMES_PREFIX = "tool:errno/"
"""Of the keys of issues that only say in words what a system's name of an error means: however long the name, none of them
is a cause."""

OF_A_PACKAGE_SCORE = 30.0
"""What an issue of a package is ahead of a shipped one of the language or the system, which fires on the same failure
and says less of it. Chosen by eye."""

COMPARED = 50
"""Candidates among which a word's rarity is counted. Chosen by eye."""

REORDERED = 10
"""Best entries by the fused score that may gain by the words that they explain: among fifty the same ones come first, and
some that belong among the first ten are pushed out of them. Measured on the collections of docs/retrieval.md."""

COVERED_CHARACTERS = 20_000
"""Of an entry, looked at for the message's words. Chosen by eye: nearly every entry is shorter."""

ENTRIES_REMEMBERED = 4_096
"""Whose words are kept for the next query: taking fifty entries apart costs more than all the rest of a search in Python.
Some 40 MB. Chosen by eye."""

MISFIT_FACTOR, MISFIT_WEIGHT = 0.5, 2.0
"""What is left of the confidence when ``applies_to`` excludes the versions seen, and what it takes from a fused score:
ranked down, not hidden. Chosen by eye."""

UNMET_SYMPTOMS_CEILING = 0.5
"""Confidence at most in an issue that states its symptoms when none of them occurs, or that was confirmed for one failure
when it is another: likeness alone is no match then.
Chosen by eye, after answers by likeness alone were mostly wrong on the golden logs."""


def index_entries(issues: Sequence[KnownIssue], embedder: Embedder) -> Iterator[IndexEntry]:
    """The issues as the index stores them, embedded in one batch; a short entry, which is its own head, once."""
    bodies, heads = [body_of(issue) for issue in issues], [head_of(issue) for issue in issues]
    texts = embedded_texts(issues, bodies, heads)
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    distinct = embedder.embed(list(numbers))
    vectors = [distinct[numbers[text]] for text in texts]
    for place, issue in enumerate(issues):
        yield IndexEntry(
            key=issue.key,
            source=issue.source,
            language=issue.language,
            package=issue.package,
            tokens=" ".join(index_tokens(bodies[place])),
            head_tokens=" ".join(index_tokens(heads[place])),
            dense=vectors[place],
            dense_head=vectors[len(issues) + place],
        )


def embedded_texts(issues: Sequence[KnownIssue], bodies: Sequence[str] = (), heads: Sequence[str] = ()) -> list[str]:
    """What is embedded of each issue as a whole, then of the head of each; ``bodies`` and ``heads`` where they are known."""
    bodies = bodies or [body_of(issue) for issue in issues]
    heads = heads or [head_of(issue) for issue in issues]
    meant = [_meant(issue, body) for issue, body in zip(issues, bodies, strict=True)]
    return [text[:EMBEDDED_CHARACTERS] for text in (*meant, *heads)]


def _meant(issue: KnownIssue, body: str) -> str:
    """What of an entry is embedded as a whole: a title that only repeats how a row's text begins says nothing more."""
    is_row = not (issue.symptoms or issue.cause or issue.fix or issue.commands or issue.package)
    return issue.text if is_row and issue.text.startswith(issue.title) else body


class KnowledgeBase:
    """Searches the known issues of a ledger, through an index that follows it; some sources may be left out."""

    def __init__(
        self,
        ledger: Ledger,
        index: KnowledgeIndex,
        embedder: Embedder,
        without_sources: Sequence[str] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger, self._index, self._embedder = ledger, index, embedder
        self._without = tuple(without_sources)
        self._now = now
        self._patterns: tuple[int, list[tuple[str, Pattern]]] | None = None

    @property
    def without_sources(self) -> tuple[str, ...]:
        """The sources whose issues are not in force here."""
        return self._without

    def search(self, query: Query, limit: int = 10) -> list[Evidence]:
        """The issues for ``query``, best first, as many as asked; the first says whether it answers."""
        return self.search_many([query], limit)[0]

    def search_many(self, queries: Sequence[Query], limit: int = 10) -> list[list[Evidence]]:
        """``search`` for each query, embedded and looked up together."""
        hits = self._hits(queries, max(CANDIDATES, limit))
        return [self._evidence(query, found, limit) for query, found in zip(queries, hits, strict=True)]

    def rank_many(
        self, queries: Sequence[Query], limit: int, rankings: Sequence[Ranking]
    ) -> list[list[list[Evidence]]]:
        """``search_many`` under each of ``rankings``, embedded and looked up once: to measure what a part adds."""
        hits = self._hits(queries, max(CANDIDATES, limit))
        return [
            [self._evidence(query, found, limit, ranking) for query, found in zip(queries, hits, strict=True)]
            for ranking in rankings
        ]

    def certain_matches(self, query: Query) -> list[Evidence]:
        """Issues that are certain without the index: confirmed for this very failure, or by a symptom pattern.

        Best first: confirmed ones, then by how much of the pattern is literal.
        """
        said = set(self._ledger.outcomes.verdicts(query.fingerprint)) if query.fingerprint else set()
        said |= self._ledger.outcomes.confirmed_for(query.sentence) if query.sentence else set()
        matches = self._pattern_matches(query)
        votes = self._votes(query, {*matches, *said})
        confirmed = (key for key in said if votes[key].here > 0 or holds_elsewhere(votes[key]))
        issues = self._ledger.issues.many({*matches, *confirmed})
        found = [
            self._certain(query, issue, matches.get(key), votes.get(key, Votes()))
            for key, issue in issues.items()
            if issue.source not in self._without
        ]
        tried = {key for key, vote in votes.items() if holds_elsewhere(vote)}
        return sorted(
            found,
            key=lambda e: (
                not e.match,
                -e.confidence - (ELSEWHERE_LEAD if e.issue.source == CONFIRMED or e.issue.key in tried else 0.0),
                -e.score,
                e.issue.key,
            ),
        )

    def _votes(self, query: Query, keys: Iterable[str]) -> dict[str, Votes]:
        return weigh(self._ledger.outcomes.sayings(keys), query, self._now())

    def _pattern_matches(self, query: Query) -> dict[str, SymptomMatch]:
        best: dict[str, SymptomMatch] = {}
        text = lowered(query.lines)
        public = without_own_exceptions(query.lines)
        for key, pattern in self._known_patterns():
            lines = public if key.startswith(SHIPPED_PREFIX) else query.lines
            found = pattern.match(lines) if pattern.may_match(text) else None
            if found and found.specificity >= CERTAIN_CHARACTERS:
                best[key] = max(best.get(key, found), found, key=lambda match: match.weight)
        return best

    def _known_patterns(self) -> list[tuple[str, Pattern]]:
        """The ledger's patterns, read again when they have changed."""
        revision = self._ledger.issues.patterns_revision()
        kept = self._patterns
        if kept is None or kept[0] != revision:
            kept = self._patterns = (revision, list(_compiled(self._ledger.issues.patterns())))
        return kept[1]

    def _certain(self, query: Query, issue: KnownIssue, found: SymptomMatch | None, votes: Votes) -> Evidence:
        check = check_versions(issue.applies_to, query.versions)
        sure = sure_of(issue, query, votes)
        if check.applicability is Applicability.DOES_NOT_APPLY:
            sure *= MISFIT_FACTOR
        fitting = VERSIONS_FIT_SCORE if check.applicability is Applicability.APPLIES else 0.0
        general = issue.key.startswith(SHIPPED_PREFIX) and not issue.package
        reasons = reasons_for(query, votes)
        if found:
            where = "line" if len(found.lines) == 1 else "lines"
            reasons.append(f"symptom pattern on {where} {', '.join(map(str, found.lines))}")
        reasons += reasons_against(votes)
        return Evidence(
            issue=issue,
            score=(CONFIRMED_SCORE if votes.here > 0 else 0.0)
            + (found.weight if found else 0)
            + fitting
            + (0.0 if general else OF_A_PACKAGE_SCORE)
            + help_of(votes),
            confidence=sure,
            match=sure >= MATCH_FROM,
            certain=True,
            reasons=tuple(reasons),
            lines=found.lines if found else (),
            variables=found.variables if found else {},
            version_check=check,
        )

    def _hits(self, queries: Sequence[Query], limit: int) -> list[dict[tuple[str, str], list[Hit]]]:
        return look_up(queries, limit, self._index, self._embedder, IndexFilter(without_sources=self._without))

    def _evidence(
        self, query: Query, hits: Mapping[tuple[str, str], list[Hit]], limit: int, ranking: Ranking = RANKING
    ) -> list[Evidence]:
        """The certain matches, then those that only other versions keep from being one, then the rest by their fused score."""
        certain = self.certain_matches(query) if query.lines and ranking.certain else []
        sure = {e.issue.key for e in certain if e.match}
        fused = fuse(hits, ranking.weights)
        issues = self._ledger.issues.many(list(fused)[: max(COMPARED, limit + len(sure))])
        open_ones = [issue for issue in issues.values() if issue.key not in sure]
        likely = self._likely(query, open_ones, fused, hits, ranking.explained)
        unmet = {e.issue.key: e for e in certain if not e.match}
        found = [e for e in certain if e.match] + [unmet.get(e.issue.key, e) for e in likely]
        misfits = [e for e in unmet.values() if e.version_check.applicability is Applicability.DOES_NOT_APPLY]
        others = [e for e in found if e not in misfits]
        place = sum(e.match for e in others)
        return [*others[:place], *misfits, *others[place:]][:limit]

    def _likely(
        self,
        query: Query,
        issues: Sequence[KnownIssue],
        fused: Mapping[str, float],
        hits: Mapping[tuple[str, str], list[Hit]],
        explained_weight: float = EXPLAINED_WEIGHT,
    ) -> list[Evidence]:
        """The evidence for issues that only look like the query; only the first of them may be a match."""
        said = query.message or message_of(query.text)
        entries = [_words_of(body_of(issue)[:COVERED_CHARACTERS]) for issue in issues[:COMPARED]]
        keys = [issue.key for issue in issues]
        explained = dict(zip(keys, cover(set(stems(said)), entries), strict=False))
        of_headline = cover(set(stems(said.split("\n", 1)[0])), entries)
        gains = dict(zip(keys[:REORDERED], of_headline, strict=False))
        votes = self._votes(query, keys)
        score = {
            key: fused[key] + explained_weight * gains.get(key, 0.0) + standing_of(votes.get(key, Votes()))
            for key in keys
        }
        for issue in issues:
            if check_versions(issue.applies_to, query.versions).applicability is Applicability.DOES_NOT_APPLY:
                score[issue.key] -= MISFIT_WEIGHT
        issues = sorted(issues, key=lambda issue: -score[issue.key])
        like = likenesses([issue.key for issue in issues], explained, hits)
        return [
            self._weighed(
                query, issue, score[issue.key], like[issue.key], votes.get(issue.key, Votes()), first=place == 0
            )
            for place, issue in enumerate(issues)
        ]

    def _weighed(
        self, query: Query, issue: KnownIssue, score: float, like: Likeness, votes: Votes, *, first: bool
    ) -> Evidence:
        sure = confidence(like) * left_of(votes)
        check = check_versions(issue.applies_to, query.versions)
        if check.applicability is Applicability.DOES_NOT_APPLY:
            sure *= MISFIT_FACTOR
        if issue.symptoms or issue.source == CONFIRMED:
            sure = min(sure, UNMET_SYMPTOMS_CEILING)
        return Evidence(
            issue=issue,
            score=score,
            confidence=sure,
            match=first and sure >= MATCH_FROM,
            reasons=(
                f"explains {like.cover:.0%} of the message's words",
                f"similar in meaning {like.cosine:.2f}",
                *reasons_against(votes),
            ),
            version_check=check,
        )


def _compiled(symptoms: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Pattern]]:
    for key, symptom in symptoms:
        if key.startswith(NAMES_PREFIX):
            continue
        # A row's symptoms are free text, and may only look like an expression: then they are no pattern.
        with suppress(ValueError):
            yield key, (compile_symptom if key.startswith(SHIPPED_PREFIX) else compile_foreign)(symptom)


@lru_cache(maxsize=ENTRIES_REMEMBERED)
def _words_of(body: str) -> frozenset[str]:
    """The stems of an issue's words, which are asked for again by nearly every search."""
    return frozenset(stems(body))
