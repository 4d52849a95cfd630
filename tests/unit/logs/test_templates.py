"""Templates: what varies is masked, what is a word is not, and state survives."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.errors import InputError, MissingExtra
from mcp_rag.logs.templates import TemplateMiner, load_miner, save_miner, variables_of
from mcp_rag.logs.templates.variables import masked


def mined(*lines: str) -> list[str]:
    miner = TemplateMiner()
    for line in lines:
        miner.add(line)
    return [template.text for template in miner.templates]


def test_values_vary_and_words_do_not() -> None:
    assert mined(
        "worker 17 started in 3.5 seconds",
        "worker 18 started in 12 seconds",
        "worker 18 stopped in 1 seconds",
    ) == ["worker <num> started in <size>", "worker <num> stopped in <size>"]


def test_the_value_of_a_key_varies_whatever_it_is() -> None:
    assert mined("GET page=home status=200", "GET page=about status=500") == ["GET page=<*> status=<num>"]


def test_other_keys_are_another_template() -> None:
    assert len(mined("user=a action=b", "user=a reason=b")) == 2


def test_dotted_names_vary() -> None:
    lines = ["agent com.acme.Backup went to sleep", "agent com.acme.Mail.sync went to sleep"]
    assert mined(*lines) == ["agent <*> went to sleep"]


USERS = ("root", "alice", "postgres", "nobody", "guest")


def test_many_words_at_one_place_are_names() -> None:
    lines = [f"session opened for user {name} by uid 0" for name in USERS]
    assert mined(*lines[:4]) == [line.replace("uid 0", "uid <num>") for line in lines[:4]]
    assert mined(*lines) == ["session opened for user <*> by uid <num>"]


def test_words_beside_an_identifier_are_names() -> None:
    lines = ("access denied for svc_backup7 here", "access denied for alice here", "access denied for root here")
    assert mined(*lines) == ["access denied for <*> here"]
    assert len(mined(*lines[:2])) == 2


def test_names_at_two_places_are_found_one_after_the_other() -> None:
    lines = [
        f"user {name} joined the group {group}" for name in USERS for group in ("wheel", "docker", "adm", "ssl", "www")
    ]
    assert mined(*lines) == ["user <*> joined the group <*>"]


def test_first_words_and_short_lines_are_no_names() -> None:
    lines = [f"{name} went home" for name in USERS] + [f"hello {name}" for name in USERS]
    assert len(mined(*lines)) == 2 * len(USERS)


def test_what_a_line_was_counted_under_tells_the_whole() -> None:
    miner = TemplateMiner()
    given_ = [miner.add(f"session opened for user {name}") for name in USERS]
    (whole,) = miner.templates
    assert {template.whole for template in given_} == {whole}
    assert {(t.id, t.text, t.count) for t in given_} == {(whole.id, "session opened for user <*>", 5)}
    miner.add("session opened for user mallory")
    assert [(t.id, t.count) for t in miner.templates] == [(whole.id, 6)]


@pytest.mark.parametrize("cut", range(1, 5))
def test_names_are_found_alike_when_a_state_goes_on(cut: int, tmp_path: Path) -> None:
    lines = [f"session opened for user {name}" for name in USERS]
    miner = TemplateMiner()
    list(miner.add_all(lines[:cut]))
    assert len(miner.templates) == cut
    save_miner(miner, tmp_path / "state")
    further = load_miner(tmp_path / "state")
    list(further.add_all(lines[cut:]))
    assert [(t.text, t.count) for t in further.templates] == [("session opened for user <*>", 5)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("17", "num"),
        ("-3.5", "num"),
        ("0x7ffe12", "hex"),
        ("9f86d081884c7d659a2f", "hex"),
        ("/var/log/app.log", "path"),
        ("C:\\Users\\app\\x.txt", "path"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
        ("10.0.0.7:8080", "ip"),
        ("2026-01-02T03:04:05.678Z", "time"),
        ("https://example.org/a?b=1", "url"),
        ("12 MB", "size"),
        ("00:1a:2b:3c:4d:5e", "mac"),
    ],
)
def test_variables_are_typed(text: str, kind: str) -> None:
    (variable,) = variables_of(f"value {text} here")
    assert (variable.kind, variable.text, variable.start) == (kind, text, 6)
    assert masked(f"value {text} here") == f"value <{kind}> here"


def test_saved_state_goes_on_where_it_was(tmp_path: Path) -> None:
    lines = [f"job {n} of queue q{n % 3} done" for n in range(50)] + ["cache miss", "cache hit"]
    whole, first = TemplateMiner(), TemplateMiner()
    for line in lines * 2:
        whole.add(line)
    for line in lines:
        first.add(line)
    save_miner(first, tmp_path / "state.json")
    second = load_miner(tmp_path / "state.json")
    for line in lines:
        second.add(line)
    assert [(t.id, t.text, t.count) for t in second.templates] == [(t.id, t.text, t.count) for t in whole.templates]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "mcp-rag templates", "version": 99}', "\0"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    with pytest.raises(InputError, match="no saved template state"):
        load_miner(tmp_path / "x")


def test_templates_are_bounded_and_nothing_is_lost() -> None:
    miner = TemplateMiner(max_templates=10)
    words = ["".join(chr(97 + (n // 26**i) % 26) for i in range(3)) for n in range(500)]
    for word in words:
        miner.add(f"{word} happened")
    assert len(miner.templates) == 11
    assert sum(t.count for t in miner.templates) == 500


@given(st.text())
def test_masking_is_idempotent(line: str) -> None:
    assert masked(masked(line)) == masked(line)


@given(st.lists(st.text(alphabet="ab1 =./", max_size=20), max_size=30))
def test_every_line_counts_once_and_runs_agree(lines: list[str]) -> None:
    miners = [TemplateMiner(), TemplateMiner()]
    for miner in miners:
        for line in lines:
            miner.add(line)
    assert sum(t.count for t in miners[0].templates) == len(lines)
    assert json.dumps([t.text for t in miners[0].templates]) == json.dumps([t.text for t in miners[1].templates])


def test_a_template_tells_what_stands_where_it_varies() -> None:
    miner = TemplateMiner()
    miner.add("  GET page=home took 3 ms from 10.0.0.7")
    template = miner.add("  GET page=about took 12 ms from 10.0.0.9")
    assert template.text == "GET page=<*> took <size> from <ip>"
    found = template.parameters("  GET page=help took 7 ms from 10.1.2.3")
    assert found is not None
    assert [(v.kind, v.text, v.start) for v in found] == [
        ("*", "help", 11),
        ("size", "7 ms", 21),
        ("ip", "10.1.2.3", 31),
    ]
    assert template.parameters("PUT page=help") is None


def test_miners_of_several_files_are_merged_in_their_order() -> None:
    def miner(*lines: str) -> TemplateMiner:
        made = TemplateMiner()
        list(made.add_all(lines))
        return made

    whole = miner("worker 1 started")
    whole.merge([miner("worker 2 started", "worker 2 stopped"), miner("worker 3 stopped")])
    assert [(t.text, t.count) for t in whole.templates] == [("worker <num> started", 2), ("worker <num> stopped", 2)]
    assert whole.add("worker 9 stopped").count == 3


def test_compiled_mining_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp_rag.logs.templates.fast", None)
    with pytest.raises(MissingExtra, match=r"mcp-rag\[fast\]"):
        TemplateMiner(fast=True)
