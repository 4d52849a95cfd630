"""Symptom patterns: what varies is captured, what is literal must be there, and nothing runs."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.knowledge.patterns import SymptomMatch, compile_foreign, compile_symptom, fill, fill_command, sample_of
from mcp_rag.records import Excerpt


def match(symptom: str, *lines: str) -> SymptomMatch | None:
    return compile_symptom(symptom).match([Excerpt(number, text) for number, text in enumerate(lines, 10)])


def test_a_part_that_varies_is_captured_up_to_the_literal_behind_it() -> None:
    found = match("No module named '{module}'", "Traceback", "ModuleNotFoundError: No module named 'a.b'")
    assert found is not None
    assert (found.lines, found.variables) == ((11,), {"module": "a.b"})


def test_a_part_at_the_end_takes_one_word() -> None:
    found = match("cannot find -l{library}", "/usr/bin/ld: cannot find -lssl: No such file or directory")
    assert found is not None and found.variables == {"library": "ssl"}


def test_white_space_and_case_do_not_matter_and_other_text_does() -> None:
    assert match("disk  quota exceeded", "Disk quota   exceeded") is not None
    assert match("disk quota exceeded", "disk quota not exceeded") is None


def test_the_same_name_twice_is_the_same_text() -> None:
    assert match("moved {x} to {x} again", "moved a to a again") is not None
    assert match("moved {x} to {x} again", "moved a to b again") is None


def test_all_parts_must_occur() -> None:
    symptom = "all: connection to {host} failed && password authentication failed"
    found = match(symptom, "password authentication failed", "connection to db failed")
    assert found is not None and found.variables == {"host": "db"} and found.lines == (11, 10)
    assert match(symptom, "connection to db failed") is None


def test_expressions_name_their_groups() -> None:
    found = match(r"re:GLIBC_(?P<version>[\d.]+)' not found", "version `GLIBC_2.38' not found")
    assert found is not None and found.variables == {"version": "2.38"}


@pytest.mark.parametrize("symptom", ["re:(", "re:a{2,1}", "re:(?P<n>a)(?P<n>b)", r"re:\pL", "re:(?<n>a)"])
def test_expressions_that_are_wrong_are_refused(symptom: str) -> None:
    with pytest.raises(ValueError):
        compile_foreign(symptom)


def test_a_name_that_stands_several_times_stands_for_the_same() -> None:
    symptom = "module {x} has no attribute in {x}, says {y} of {x}"
    found = match(symptom, "module a has no attribute in A, says b of a")
    assert found is not None and found.variables == {"x": "a", "y": "b"}
    assert match(symptom, "module a has no attribute in a, says b of c") is None


def test_what_varies_and_blanks_are_known_in_every_script() -> None:
    found = match("bad {name:word}: {n:version} in {place:path}!", "bad\u00a0名字_é: v1.2.中 in\u3000/路/径!")
    assert found is not None and found.variables == {"name": "名字_é", "n": "v1.2.中", "place": "/路/径"}
    found = match("re:bad (?P<name>.+) here", "bad \ud800 here")
    assert found is not None and found.variables == {"name": "?"}, "half a character stops nothing"


def test_specificity_counts_what_is_literal() -> None:
    loose, tight = match("error: {what}", "error: x is missing"), match("error: x is missing", "error: x is missing")
    assert loose is not None and tight is not None
    assert loose.specificity < tight.specificity


def test_filling_leaves_unknown_names() -> None:
    assert fill("install {module}, not {other}", {"module": "yaml"}) == "install yaml, not {other}"


@given(st.text(min_size=1))
def test_what_a_log_says_never_leaves_its_place_in_a_command(value: str) -> None:
    command = fill_command("pip install {module}", {"module": value})
    if "\0" not in value:
        assert shlex.split(command) == ["pip", "install", value]


def test_a_chinese_character_says_as_much_as_two_latin_ones() -> None:
    assert compile_symptom("设备上没有空间").specificity == 14
    assert compile_symptom(r"re:写入.+: 设备上没有空间").specificity == 19
    found = compile_symptom('关系 "{relation}" 不存在').match([Excerpt(1, '错误:  关系 "orders" 不存在')])
    assert found is not None
    assert found.variables == {"relation": "orders"}


def test_many_alternatives_say_no_more_than_the_least_of_them() -> None:
    general = compile_symptom("re:(?:cannot open|no such|failed to read the) (?:file|directory of inputs)")
    assert general.specificity == len("nosuchfile")


def test_typographic_quotes_are_plain_ones_in_log_and_symptom() -> None:
    assert match("re:error: '(?P<name>\\w+)' was not declared", "error: ‘f’ was not declared in this scope") is not None
    assert match("error: ‘{name}’ undeclared", "error: 'x' undeclared (first use)") is not None


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        (r"error: package (?P<package>[\w.]+) does not exist", "package"),
        (r"refused|reset", ""),
        (r"colou?r of (?:a|b)", "colo"),
        (r"read\(\) failed \(\d+", "read()"),
        (r"ab{2}cd[ef]g", "cd"),
        (r"one\nline", "line"),
    ],
)
def test_what_every_match_of_an_expression_holds_is_looked_for_first(expression: str, needed: str) -> None:
    assert compile_symptom("re:" + expression).parts[0][1] == needed


@given(st.from_regex(r"(?:Err|err)or: (?:no|an) [a-c]{1,3}x? in \[f\]\.?", fullmatch=True))
def test_no_match_is_lost_by_looking_for_a_part_of_it_first(line: str) -> None:
    assert match(r"re:(?:Err|err)or: (?:no|an) [a-c]{1,3}x? in \[f\]\.?$", line.rstrip("\n")) is not None


@given(st.text(alphabet="{}:ab int_none7 ", max_size=40))
def test_a_symptom_describes_the_line_that_is_made_of_it(symptom: str) -> None:
    made = sample_of(symptom)
    assert made is not None
    compile_symptom(symptom)


def test_braces_that_are_no_part_stay_in_the_line() -> None:
    assert sample_of("{what:word} *{display:none} {7} at {n:int}") == ("x1y *{display:none} {7} at 7",)
    assert match("*{display:none} fails", "*{display:none} fails") is not None


def test_parts_that_only_a_blank_keeps_apart_are_found() -> None:
    found = match("job {name} {state} failed", "job nightly run failed")
    assert found is not None
    assert dict(found.variables) == {"name": "nightly", "state": "run"}
    assert match("{n:int} {unit} left", "3 MB left") is not None
    assert match("took {n:int} {unit}", "took 3 minutes, too long") is not None
