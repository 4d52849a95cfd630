"""A diagnosis as Markdown: whatever a log or a document holds, it stays text."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from mcp_rag.faces.sharing import PROSE_CHARACTERS, to_annotation, to_markdown
from mcp_rag.logs.redaction import Redactor
from mcp_rag.records import (
    Citation,
    Diagnosis,
    Evidence,
    Excerpt,
    Frame,
    Incident,
    KnownIssue,
    Span,
    Statement,
    Verdict,
)

REDACT = Redactor().redact
HOSTILE = [
    "```",
    "`````js",
    "<script>alert(1)</script> @octocat fixes #12 octo/shop#7",
    "/close",
    "\x1b]0;title\x07 \u202etxt.exe",
    "password=hunter2secret99 token ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "~~~",
    "<details><img src=x onerror=alert(1)>",
]


def known(lines: list[str], cause: str = "It is so.", fix: str = "Do that.", source: str = "build.log") -> Diagnosis:
    span = Span(1, len(lines), 1.0, "a reason", key=len(lines))
    excerpt = tuple(Excerpt(number, text) for number, text in enumerate(lines, 1))
    incident = Incident("a" * 40, span, lines[-1], lines[-1], excerpt=excerpt, frames=(Frame("/elsewhere/a.py", 3),))
    urls = ("https://example.test/a_b?c=1#d", "javascript:alert(1)")
    issue = KnownIssue("an-issue", "starter", "A title with @mention and <b>", urls=urls)
    return Diagnosis(
        source=source,
        verdict=Verdict.KNOWN,
        confidence=0.9,
        incident=incident,
        incident_id="a" * 40,
        spans=(span,),
        cause=Statement(cause),
        fix=Statement(fix),
        commands=("pip install x", "echo ```"),
        citations=(Citation(len(lines), lines[-1]),),
        evidence=(Evidence(issue, 1.0, 0.9, True, reasons=("symptom pattern on line 1",)),),
        notes=("A note with [a link](https://evil.test)",),
    )


def texts_of(markdown: str) -> list[tuple[str, str]]:
    """The inline pieces and fences of a document, as a Markdown reader sees them."""
    found = []
    for token in MarkdownIt("commonmark", {"html": True}).parse(markdown):
        if token.type in ("fence", "html_block", "code_block"):
            found.append((token.type, token.content))
        found += [(one.type, str(one.content or one.attrGet("href") or "")) for one in token.children or []]
    return found


def test_no_line_of_a_log_leaves_its_fence() -> None:
    found = texts_of(to_markdown(known(HOSTILE), REDACT))
    fences = [content for kind, content in found if kind == "fence"]
    assert len(fences) == 2
    assert all(line.strip() in fences[0] for line in ("`````js", "<script>", "/close", "~~~"))
    assert not [kind for kind, _ in found if kind.startswith("html")]
    assert not any("octocat" in content for kind, content in found if kind == "text")
    assert "hunter2secret99" not in str(found)
    assert "ghp_0123456789" not in str(found)
    assert "\x1b" not in fences[0]
    assert "\u202e" not in fences[0]


@pytest.mark.parametrize(
    ("prose", "code", "alive"),
    [
        ("Ask @octocat/team and <img src=x>", ["@octocat/team"], []),
        ("Use `np.float64` for `x", ["np.float64"], []),
        ("See https://example.test/a_b_c, closes #12 and GH-7", ["#12", "GH-7"], ["https://example.test/a_b_c"]),
        ("``a ` b`` and *bold* _it_ ![x](https://e.test/i.png)", ["a ` b"], ["https://e.test/i.png"]),
        ("/close\n\n# head\n> quote\n- item", [], []),
        ("npm i left-pad@1.2.3 $x$ &lt; ~~no~~ !5 &9", ["left-pad@1.2.3", "!5", "&9"], []),
    ],
)
def test_prose_keeps_its_code_and_its_links_and_nothing_else(prose: str, code: list[str], alive: list[str]) -> None:
    markdown = to_markdown(known(["ValueError: x"], cause=prose), REDACT)
    (paragraph,) = [part for part in markdown.split("\n\n") if part.startswith("**Cause:**")]
    assert "\n" not in paragraph
    found = texts_of(paragraph)
    assert [content for kind, content in found if kind == "code_inline"] == code
    assert [content for kind, content in found if kind == "link_open"] == alive
    assert {kind for kind, _ in found} <= {
        "text",
        "code_inline",
        "link_open",
        "link_close",
        "strong_open",
        "strong_close",
    }


def test_the_steps_of_a_fix_are_a_list_that_nothing_in_it_leaves() -> None:
    fix = "Either:\n- wait for @octocat\n2) # start\n\n/close\n```\n> <b>x</b>"
    markdown = to_markdown(known(["x"], fix=fix), REDACT)
    lead, items = markdown.split("\n\n")[4:6]
    assert lead == "**Fix:** Either:"
    assert [item.split(" ", 1)[0] for item in items.splitlines()] == ["-", "2.", "-", "-", "-"]
    tokens = [token.type for token in MarkdownIt("commonmark", {"html": True}).parse(items)]
    assert not {"heading_open", "fence", "blockquote_open", "html_block"} & set(tokens)
    assert "octocat" not in str([content for kind, content in texts_of(items) if kind == "text"])
    assert "**Fix:**\n\n- a\n- b\n\n" in to_markdown(known(["x"], fix="- a\n- b"), REDACT)
    long = to_markdown(known(["x"], fix="\n".join(f"- {'word ' * 300}" for _ in range(9))), REDACT)
    assert len(long) < 2 * PROSE_CHARACTERS


def test_addresses_are_links_only_where_they_are_web_addresses() -> None:
    links = [content for kind, content in texts_of(to_markdown(known(["x"]), REDACT)) if kind == "link_open"]
    assert links == ["https://example.test/a_b?c=1#d", "https://evil.test"], "an address is one, wherever it stands"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/home/somebody/secret-project/build.log", "`build.log`"),
        ("-", "`standard input`"),
        ("https://git.test/o/r/actions/runs/1/job/2?sig=abc#x", "`https://git.test/o/r/actions/runs/1/job/2`"),
        ("python train.py --in /data/x", "`python train.py --in /data/x`"),
        ("we`ird", "``we`ird``"),
    ],
)
def test_the_source_tells_no_folders_and_no_query(source: str, shown: str) -> None:
    assert f"\n\nIn {shown}\n\n" in to_markdown(known(["x"], source=source), REDACT)


def test_a_long_failure_is_shown_around_its_key_line() -> None:
    lines = [f"line {n}" for n in range(200)]
    fence = next(content for kind, content in texts_of(to_markdown(known(lines), REDACT)) if kind == "fence")
    assert "200  line 199" in fence
    assert fence.endswith("… 160 more lines\n")


def test_an_annotation_is_one_command_at_a_file_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a,b.py").write_text("")
    diagnosis = known(["ValueError: 100%\r::set-output name=x::y"])
    assert diagnosis.incident is not None
    frames = (Frame("/usr/lib/x.py", 1), Frame("src/a,b.py", 7), Frame("../../etc/passwd", 1))
    with_frame = Diagnosis(
        **{n: getattr(diagnosis, n) for n in diagnosis.__slots__} | {"incident": _with(diagnosis.incident, frames)}
    )
    told = to_annotation(with_frame, REDACT, tmp_path)
    assert told.startswith("::error file=src/a%2Cb.py,line=7,title=A title with")
    assert told.count("\n") == 1
    assert "100%25 ::set-output" in told
    assert to_annotation(Diagnosis("x", Verdict.CLEAN, 1.0), REDACT, tmp_path) == ""


def _with(incident: Incident, frames: tuple[Frame, ...]) -> Incident:
    return Incident(incident.fingerprint, incident.span, incident.message, incident.template, frames=frames)
