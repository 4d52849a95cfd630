"""Versions that a log names, in the words of the tools that print them."""

from __future__ import annotations

import pytest

from mcp_rag.logs.log import Log
from mcp_rag.logs.versions import seen_versions


def seen(text: str) -> dict[str, str]:
    return seen_versions(Log("x", text.encode()))


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        (
            "Successfully installed torch-2.13.0 typing_extensions-4.12.2",
            {"torch": "2.13.0", "typing-extensions": "4.12.2"},
        ),
        ("Requirement already satisfied: numpy<3,>=1 in /usr/lib/python3/dist-packages (2.4.1)", {"numpy": "2.4.1"}),
        ("Collecting vllm==0.9.2", {"vllm": "0.9.2"}),
        ("Python 3.11.7", {"python": "3.11.7"}),
        ('  File "/venv/lib/python3.11/site-packages/x.py", line 3, in f', {"python": "3.11"}),
        ("INFO 11-24 vLLM API server version 0.9.2", {"vllm": "0.9.2"}),
        ("- transformers version: 4.57.6", {"transformers": "4.57.6"}),
        ("torch 2.13.0+cpu", {"torch": "2.13.0+cpu"}),
        ("PyTorch version: 2.13.0", {"torch": "2.13.0"}),
        ("> demo@1.2.3 build", {"demo": "1.2.3"}),
        ("Node.js v20.11.0", {"node": "20.11.0"}),
        ("gcc (Debian 12.2.0-14) 12.2.0", {"gcc": "12.2.0"}),
        (
            "| NVIDIA-SMI 550.54 Driver Version: 550.54.15 CUDA Version: 12.4 |",
            {"cuda": "12.4", "nvidia-driver": "550.54.15"},
        ),
        ("rustc 1.95.0 (abc 2026-01-01)", {"rustc": "1.95.0"}),
        ('openjdk version "17.0.9" 2023-10-17', {"java": "17.0.9"}),
        ("go version go1.22.1 linux/amd64", {"go": "1.22.1"}),
        ("   Compiling serde v1.0.200", {"serde": "1.0.200"}),
        ("platform linux -- Python 3.12.1, pytest-8.3.2, pluggy-1.5.0", {"python": "3.12.1", "pytest": "8.3.2"}),
    ],
)
def test_versions_are_read_in_the_words_of_each_tool(line: str, versions: dict[str, str]) -> None:
    found = seen(line)
    assert {name: found.get(name) for name in versions} == versions


@pytest.mark.parametrize(
    "line", ["step 3.5 of 4", "loss 0.123 at 10:22:33", "connect to 10.0.0.1:80", "ann@example.org"]
)
def test_numbers_that_are_no_versions_are_left_alone(line: str) -> None:
    assert seen(line) == {}


def test_what_was_installed_outweighs_what_was_asked_for() -> None:
    assert (
        seen("Collecting torch==2.1.0\nSuccessfully installed torch-2.13.0\ntorch==2.0.0 is old\n")["torch"] == "2.13.0"
    )


@pytest.mark.parametrize(
    "line",
    [
        "The aliases was originally deprecated in NumPy 1.20; for more details see the notes",
        '"numpy 2.0 onwards", name=None)',
        "this needs torch 2.6 or newer",
    ],
)
def test_a_version_that_a_message_only_tells_of_did_not_run(line: str) -> None:
    assert seen(line) == {}


def test_a_pin_in_a_command_that_a_message_quotes_did_not_run() -> None:
    advice = "Alternatively, you can pin your installation to the old version, e.g. `pip install openai==0.28`"
    assert seen(advice) == {}
    assert seen("+ pip install openai==0.28") == {"openai": "0.28"}
