"""From a pasted log to a confirmed fix that answers the next one, in a browser."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

NUMPY = """\
collected 3 items
Traceback (most recent call last):
  File "/srv/app/train.py", line 12, in <module>
    main()
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""


def refused(place: str, shop: int, line: int) -> str:
    return (
        f"starting the till\nTraceback (most recent call last):\n"
        f'  File "{place}/till.py", line {line}, in settle\n    pay()\n'
        f"acme.TillRefused: the ledger of shop {shop} refuses the currency for lack of a rate\n"
    )


def diagnosed(page: Any, log: str) -> None:
    page.fill("#text", log)
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")


def test_paste_read_correct_and_find_it_again(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    page = open_page()
    diagnosed(page, refused("/srv/one", 17, 12))
    address = page.url
    assert page.locator(".answer-meta .verdict").inner_text() == "Unknown failure"
    assert "acme.TillRefused" in page.locator("h1").inner_text()
    page.fill("#own-fix", "Load today's rates: `till rates --today`. password=hunter2secret99")
    page.click("text=Keep this fix")
    page.wait_for_selector("text=Kept. The next log")
    assert "hunter2secret99" not in page.content()
    page.goto("/")
    diagnosed(page, refused("/builds/another/checkout", 4711, 98))
    assert page.locator(".answer-meta .verdict").inner_text() == "Known failure"
    assert "Load today's rates" in page.locator("#fix").inner_text()
    page.click("button:has-text('It helped')")
    page.wait_for_selector("text=Noted: it helped")
    assert page.locator(".outcomes .tag").first.inner_text() == "helped"
    shot(page, "confirmed-wide-light-en")
    page.goto(address)
    assert page.locator(".answer-meta .verdict").inner_text() == "Unknown failure", "a page stays what it was"


def test_citations_lead_to_the_line_and_back(open_page: Callable[..., Any]) -> None:
    page = open_page()
    diagnosed(page, NUMPY)
    page.click("#cause .cite")
    page.wait_for_url("**?line=7#L7")
    page.wait_for_selector("#L7.here")
    assert "key" in page.locator("#L7").get_attribute("class").split()
    page.click("#L7 .back")
    page.wait_for_url("**#cause")
    page.wait_for_function("document.activeElement.id === 'cause'")
    page.reload()
    assert page.locator("#cause .cite").inner_text() == "1"


def test_a_compressed_file_is_dropped_or_picked(open_page: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "ci <b>.log.gz").write_bytes(gzip.compress(NUMPY.encode()))
    page = open_page()
    page.set_input_files("#file", tmp_path / "ci <b>.log.gz")
    assert page.locator("#picked").inner_text() == "ci <b>.log.gz"
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")
    assert page.locator(".answer-meta .mono").inner_text() == "ci <b>.log.gz"
    page.goto("/")
    page.evaluate(
        """log => {
            const carried = new DataTransfer();
            carried.items.add(new File([log], "dropped.log"));
            document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true}));
        }""",
        NUMPY,
    )
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")
    assert page.locator(".answer-meta .mono").inner_text() == "dropped.log"


def test_what_is_too_large_or_missing_is_told_before_it_is_sent(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.click("#send")
    page.wait_for_selector("#intake-said:has-text('Paste a log')")
    page.fill("#text", "x" * 500_000)
    page.click("#send")
    page.wait_for_selector("#intake-said:has-text('larger than')")


def test_a_clean_log_says_so(open_page: Callable[..., Any]) -> None:
    page = open_page()
    diagnosed(
        page, "collected 2 items\n\ntests/test_errors.py ..   [100%]\n\n========== 2 passed in 0.12s ==========\n"
    )
    assert page.locator("h1").inner_text() == "Nothing failed in this log"
    assert page.locator("#outcome").count() == 0


def test_a_known_exit_code_tells_whether_it_failed(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.fill("input[name=exited]", "3")
    diagnosed(page, "one step\nanother step\n")
    assert page.locator(".answer-meta .verdict").inner_text() == "Unknown failure"
    assert page.locator("#L3").inner_text().endswith("Process completed with exit code 3.")
    page = open_page()
    page.fill("input[name=exited]", "0")
    diagnosed(page, refused("/srv/one", 17, 12))
    assert page.locator(".answer-meta .verdict").inner_text() == "Nothing failed"


def test_only_the_lines_in_sight_of_a_long_log_are_in_the_page(
    open_page: Callable[..., Any], shot: Callable[..., None], tmp_path: Path
) -> None:
    lines = [f"12:00:{n % 60:02} INFO step {n % 500} of the build went well" for n in range(120_000)]
    lines[80_000:80_000] = NUMPY.splitlines()
    lines[110_000:110_000] = ["src/tensor.c:812:5: error: 'alpha' undeclared (first use in this function)"]
    (tmp_path / "long.log.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    page = open_page()
    page.set_input_files("#file", tmp_path / "long.log.gz")
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")
    page.wait_for_selector("#L80007:has-text('AttributeError')")
    assert page.locator(".row").count() < 300
    assert page.locator(".map a").count() >= 2
    shot(page, "long-wide-light-en")
    page.keyboard.press("n")
    page.wait_for_selector("#L110001:has-text('undeclared')")
    page.keyboard.press("p")
    page.wait_for_selector("#L80007")
    page.fill("#goto", "42")
    page.press("#goto", "Enter")
    page.wait_for_selector("#L42:has-text('step 41 ')", timeout=60_000)
    page.locator(".map a").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#L110001")
