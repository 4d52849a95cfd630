"""What a server counts of itself, for Prometheus. Of logs it tells nothing but how many there were."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
"""From a readiness check to a log of gigabytes. Chosen by eye."""

ELSEWHERE = "other"
"""The route of a request that no route answers: paths as they were sent would make series without end."""


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mcp_rag_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "mcp_rag_request_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._refused = Counter(
            "mcp_rag_refused", "Requests not let in, by reason.", ("reason",), registry=self._registry
        )
        self._verdicts = Counter("mcp_rag_diagnoses", "Diagnoses given.", ("verdict",), registry=self._registry)
        self._tokens = Counter(
            "mcp_rag_chat_tokens", "Tokens of the language model.", ("kind",), registry=self._registry
        )
        self._issues = Gauge("mcp_rag_known_issues", "Known issues of the default team.", registry=self._registry)
        self._tasks = Gauge("mcp_rag_tasks", "Tasks by standing.", ("standing",), registry=self._registry)
        self._entries = Gauge("mcp_rag_index_entries", "Entries of its index, once open.", registry=self._registry)
        self._teams = Gauge("mcp_rag_open_teams", "Teams whose house is open.", registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a request that was not let in."""
        self._refused.labels(reason).inc()

    def diagnosed(self, verdict: str) -> None:
        """Count a diagnosis."""
        self._verdicts.labels(verdict).inc()

    def worded(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count what a language model read and wrote."""
        self._tokens.labels("prompt").inc(prompt_tokens)
        self._tokens.labels("completion").inc(completion_tokens)

    def watch(
        self,
        issues: Callable[[], float],
        entries: Callable[[], float],
        teams: Callable[[], float],
        tasks: Callable[[], Mapping[str, int]],
    ) -> None:
        """Ask these whenever the metrics are read."""
        self._count_tasks = tasks
        self._issues.set_function(issues)
        self._entries.set_function(entries)
        self._teams.set_function(teams)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        for standing, number in self._count_tasks().items():
            self._tasks.labels(standing).set(number)
        return generate_latest(self._registry)
