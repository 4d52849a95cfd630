"""What a diagnostic says in words is found in every tool's form, and hostile text costs no time."""

from __future__ import annotations

import pytest

from mcp_rag.knowledge.queries import GIST_CHARACTERS, LOOKED_AT_CHARACTERS, gist_of, message_of, unnamed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("error: expected `;`\n --> src/main.rs:4:2\n  |\n4 | x\n  |  ^ help me\n", "expected `;`\nhelp me"),
        ("src/a.c:12:5: error: unknown type name 'foo'\n   12 | foo x;\n", "unknown type name 'foo'"),
        (
            "/app/a.js\n  1:8  error  A space is required before ','.\n   1 | new A(b,c)\n",
            "A space is required before ','.",
        ),
        ("L:   1 | P:   8 | Names must be upper case.\n   1 | SELECT a\n", "Names must be upper case."),
        (
            "Use `x` instead of `y`\n --> a.py:2:1\n  |\n2 | y\n  | ^\nhelp: Replace `y`\n",
            "Use `x` instead of `y`\nReplace `y`",
        ),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\n    ^^^\n'
            '  File "b.py", line 2, in f\nValueError: no such thing\n',
            "no such thing",
        ),
        ("2026-01-01 10:00:00,123 [main] Connection refused\n", "Connection refused"),
        ("错误：无法连接数据库\n原因：密码不对\n", "无法连接数据库\n密码不对"),
        ("KubePodCrashLooping\nPod x is restarting\n", "KubePodCrashLooping\nPod x is restarting"),
        ("", ""),
    ],
)
def test_the_message_of_a_diagnostic(text: str, message: str) -> None:
    assert message_of(text) == message


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["\n", " ", "| ", "[x] ", "a/", "1:2 ", "at a", "a.", "\n|", "^ "])
def test_a_hostile_text_is_searched_in_bounded_time(piece: str) -> None:
    assert len(message_of(piece * LOOKED_AT_CHARACTERS)) <= LOOKED_AT_CHARACTERS
    assert len(gist_of(piece * LOOKED_AT_CHARACTERS, message_of(piece * LOOKED_AT_CHARACTERS))) <= GIST_CHARACTERS


def test_what_is_drawn_around_words_goes() -> None:
    drawn = "error: no `x`\n --> src/a_b.rs:3:5\n   |\n12 | f(a | b);\n   |   ^^^^ help me\n====\nuse a-b"
    assert gist_of(drawn) == "error: no `x` src/a_b.rs:3:5 f(a | b); help me use a-b"
    assert gist_of("|") == ""


def test_the_gist_begins_with_the_message_and_repeats_nothing_of_it() -> None:
    text = "at a (a.js:1:2)\nerror: no such file\nat b (b.js:3:4)\n" + "frame " * 500
    gist = gist_of(text, "no such file\nwhat the log has otherwise")
    assert gist.startswith("no such file what the log has otherwise at a (a.js:1:2) error: at b (b.js:3:4) frame frame")
    assert gist.count("no such file") == 1
    assert len(gist) == GIST_CHARACTERS


@pytest.mark.parametrize(
    ("headline", "left"),
    [
        ("cannot find value `my_total` in this scope", "cannot find value in this scope"),
        ("module 'numpy' has no attribute 'int'", "module has no attribute"),
        ("找不到模块“utils”", "找不到模块"),
        ("it doesn't know the user's key", "it doesn't know the user's key"),
        ("`x`", "`x`"),
        ("", ""),
    ],
)
def test_a_headline_without_the_names_that_it_quotes(headline: str, left: str) -> None:
    assert unnamed(headline) == left
