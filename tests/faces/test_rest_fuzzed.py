"""REST under what a fuzzer makes of its own OpenAPI document: whatever is sent, nothing fails inside."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from server_process import ServerProcess

EXAMPLES = 15
"""For each operation. Chosen by eye, so that the whole takes some fifteen seconds."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("fuzzed") / "home", "--quiet", MCP_RAG_STARTER="off") as running:
        yield running
        assert running.stop(signal.SIGTERM) == 0


def test_no_request_makes_it_fail(fuzzed: ServerProcess) -> None:
    schema = schemathesis.openapi.from_url(f"{fuzzed.url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def asked(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=[not_a_server_error], timeout=300)

        asked()
        tried += 1
    assert tried >= 10
