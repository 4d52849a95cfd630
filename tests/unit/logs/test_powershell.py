"""What Windows PowerShell does to the output of other programs is undone."""

from __future__ import annotations

import pytest

from mcp_rag.logs.cleaning import Cleaner
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.powershell import reread
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import MemorySource

FRAME = [
    "At line:1 char:1",
    "+ npm run build 2>&1 | Tee-Object -FilePath build.log",
    "+ ~~~~~~~~~~~~~~~~~~",
    '    + CategoryInfo          : NotSpecified: (npm error Missing script: "build":String) [], RemoteException',
    "    + FullyQualifiedErrorId : NativeCommandError",
    " ",
]
NARROW = [
    "En línea: 1 Carácter: 1",
    "+ python ",
    "seed_mill.py > seed.txt 2>&1",
    "+ ~~~~~~~~~~~~~~~~~~~~~",
    "~~~~~~~",
    "    + CategoryInfo         ",
    "     : NotSpecified: (Tra  ",
    "   ceback (most...:String)",
    "    + FullyQualifiedErrorI ",
    "   d : NativeCommandErr",
    "  or",
    " ",
]


def _cleaned(lines: list[str]) -> list[str]:
    return Cleaner().clean_block("\r\n".join(lines).encode())


def test_the_frame_around_a_programs_first_line_is_taken_off() -> None:
    log = ['npm : npm error Missing script: "build"', *FRAME, "npm error", "npm error To see a list of scripts, run:"]
    cleaned = _cleaned(log)
    assert len(cleaned) == len(log)
    assert cleaned[0] == 'npm error Missing script: "build"'
    assert [line for line in cleaned[1:6] if line] == []
    assert cleaned[7:] == log[7:]


def test_a_frame_that_a_narrow_console_broke_is_taken_off_in_any_language() -> None:
    cleaned = _cleaned(
        ["C:\\py\\python.exe : Traceback (most recent call last):", *NARROW, '  File "seed_mill.py", line 3']
    )
    assert cleaned[0] == "Traceback (most recent call last):"
    assert [line for line in cleaned[1:-1] if line.strip()] == []


def test_two_frames_and_what_stands_between_them() -> None:
    cleaned = _cleaned(["npm : first", *FRAME, "between", "node.exe : second", *FRAME])
    assert [line for line in cleaned if line.strip()] == ["first", "between", "second"]


def test_an_error_of_powershells_own_stays_as_it_is() -> None:
    own = [
        "mill : The term 'mill' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        "At line:1 char:1",
        "+ mill --start",
        "+ ~~~~",
        "    + CategoryInfo          : ObjectNotFound: (mill:String) [], CommandNotFoundException",
        "    + FullyQualifiedErrorId : CommandNotFoundException",
    ]
    assert _cleaned(own) == own


@pytest.mark.parametrize("at", range(len(FRAME)))
def test_half_a_frame_is_no_frame_and_breaks_nothing(at: int) -> None:
    for part in (FRAME[:at], FRAME[at:]):
        assert len(_cleaned(part or [""])) == max(len(part), 1)


def test_a_traceback_that_begins_in_a_frame_is_found_whole() -> None:
    log = ["python : Traceback (most recent call last):", *FRAME]
    log += ['  File "seed_mill.py", line 3, in <module>', "    sow(rows)", "KeyError: 'oats'"]
    (span,) = find_failures(
        read_log(MemorySource("seed.log", "\n".join(log).encode()), max_bytes=10_000, max_ratio=10), 40
    )
    assert (span.first, span.last, span.key) == (1, len(log), len(log))


@pytest.mark.parametrize("page", ["cp437", "cp850", "cp1252"])
@pytest.mark.parametrize("said", ["✓ mill built", "✗ 2 mills failed", "├── mill │ ⨯ → ▲"])
def test_utf8_that_was_read_in_a_code_page_is_utf8_again(said: str, page: str) -> None:
    misread = said.encode().decode(page)
    assert reread(misread) == said
    assert Cleaner().clean_block(misread.encode()) == [said]


@pytest.mark.parametrize("said", ["château à Ôtez", "├── src", "Γ = 5 µm", "Übermaß «naïve» 汉字", "≡ 3 (mod 7)"])
def test_what_was_read_rightly_stays(said: str) -> None:
    assert reread(said) == said


def test_a_place_that_the_console_broke_in_two_is_taken_off_too() -> None:
    frame = ["En línea: 1 ", "Carácter: 1", *FRAME[1:]]
    assert [line for line in _cleaned(["npm : warned", *frame]) if line.strip()] == ["warned"]


def test_lines_that_a_narrow_console_broke_are_joined_in_the_first_of_them() -> None:
    log = [
        "read from stdin, and long",
        "node.exe : mill cannot be ",
        "opened",
        "At line:1 char:1",
        "+ ~~~~~~~~~~~~~~~~~~~~~~~~~~",
        "~~~~~~~~~",
        "    + CategoryInfo          ",
        "   : NotSpecified: (mill:S  ",
        "tring) [], RemoteException",
        "    + FullyQualifiedErrorId ",
        "   : NativeCommandError",
        " ",
        "Module not found: Can't ",
        "resolve './hopper/cleaning/l",
        "ining'",
        "short",
        "and shorter",
    ]
    log.insert(4, "+ & node.exe mill")
    cleaned = _cleaned(log)
    assert len(cleaned) == len(log)
    said = [line for line in cleaned if line.strip()]
    assert said[1:] == [
        "mill cannot be opened",
        "Module not found: Can't resolve './hopper/cleaning/lining'",
        "short",
        "and shorter",
    ]


def test_a_speaker_whose_name_fills_the_console_is_found() -> None:
    log = [".\\venv\\Scripts\\pip.exe ", ": error: no mill", *NARROW]
    assert [line for line in _cleaned(log) if line.strip()] == ["error: no mill"]
