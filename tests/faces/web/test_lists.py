"""Incidents put together and taken apart, known issues found and written, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from test_diagnosis_pages import diagnosed


def failed(kind: str, message: str) -> str:
    return (
        f'Traceback (most recent call last):\n  File "/srv/{kind}.py", line 3, in go\n    {kind}()\n{kind}: {message}\n'
    )


def test_merge_and_split(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    page = open_page(quiet=True)
    diagnosed(page, failed("OtterLost", "an otter went"))
    page.goto("/")
    diagnosed(page, failed("HeronLost", "a heron flew"))
    page.goto("/incidents/groups")
    page.check("li.group:has-text('OtterLost') input")
    page.check("li.group:has-text('HeronLost') input")
    page.click("text=Merge the chosen")
    together = page.locator("li.group:has-text('merged by a person')")
    assert "2 fingerprints" in together.first.inner_text()
    shot(page, "groups-wide-light-en")
    together.first.locator("button:has-text('Split')").first.click()
    page.wait_for_selector("text=Decisions")
    assert page.locator("li.group:has-text('merged by a person')").count() == 0
    assert page.locator("li.group:has-text('OtterLost'), li.group:has-text('HeronLost')").count() == 2
    page.check("li.group:has-text('OtterLost') input")
    page.click("text=Merge the chosen")
    page.wait_for_selector("main:has-text('fewer than two')")


def test_incidents_are_filtered_as_one_types(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    page = open_page()
    for _ in range(2):
        page.goto("/")
        diagnosed(page, failed("BadgerLost", "a badger dug"))
    page.goto("/incidents")
    page.fill("#q", "badgerlost")
    page.wait_for_url("**q=badgerlost**")
    page.wait_for_function("document.querySelectorAll('li.seen').length === 1")
    assert page.locator("li.seen strong").inner_text() == "2"
    assert page.locator("li.seen .spark-bar").count() == 1
    shot(page, "incidents-wide-light-en")
    page.click("li.seen a")
    page.wait_for_selector("h1:has-text('BadgerLost: a badger dug')")
    page.locator(".kept a").first.click()
    page.wait_for_url("**/diagnoses/*")


def test_a_fix_is_written_down_where_an_incident_stands(
    open_page: Callable[..., Any], shot: Callable[..., None]
) -> None:
    page = open_page()
    diagnosed(page, failed("LynxLost", "a lynx slept"))
    page.click("[aria-labelledby=history-title] a")
    page.fill("#own-fix", "Wake the lynx <b>gently</b>.")
    page.click("text=Keep this fix")
    page.wait_for_selector("[role=status]:has-text('Kept. The next log')")
    assert "/incidents/" in page.url
    assert "Wake the lynx <b>gently</b>." in page.locator(".outcomes").inner_text()
    shot(page, "incident-fixed-wide-light-en")
    page.goto("/")
    diagnosed(page, failed("LynxLost", "a lynx slept"))
    assert "Wake the lynx" in page.locator("#fix").inner_text()
    page.click("[aria-labelledby=history-title] a")
    page.click("button:has-text('It did not help')")
    page.wait_for_selector("[role=status]:has-text('it did not help')")
    assert page.locator("#own-fix").is_visible()


def test_a_known_issue_is_written_found_changed_and_removed(open_page: Callable[..., Any]) -> None:
    page = open_page("/issues/numpy-alias-removed", quiet=True)
    page.click("text=Copy and change")
    page.fill("#f-symptoms", "module 'numpy' has no attribute 'float'")
    page.click("button:has-text('Save')")
    page.wait_for_selector("#h-symptoms:has-text('numpy-alias-removed')")  # another answers that already
    page.goto("/issues/new")
    page.fill("#f-title", "The weasel is out of its box")
    page.fill("#f-symptoms", "weasel: box {number} is open")
    page.fill("#f-fix", "Close box `{number}`.")
    page.fill("#f-applies_to", "weasel newest")
    page.click("button:has-text('Save')")
    page.wait_for_selector("#h-applies_to:has-text('numpy >=1.24')")
    page.fill("#f-applies_to", "weasel >=2")
    page.click("button:has-text('Save')")
    page.wait_for_selector("#h-cause:has-text('says nothing of the cause')")
    page.fill("#f-cause", "Someone opened it.")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Saved")
    page.goto("/")
    diagnosed(page, "weasel: box 12 is open\nerror: weasel: box 12 is open\n")
    assert "Close box 12" in page.locator("#fix").inner_text()
    page.goto("/issues/written/the-weasel-is-out-of-its-box")
    page.click("text=Edit")
    page.fill("#f-fix", "Lock box `{number}`.")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Lock box")
    page.click("summary")
    page.click("button:has-text('Remove this')")
    page.wait_for_url("**/issues")
    page.goto("/issues/written/the-weasel-is-out-of-its-box")
    assert page.locator(".fault .code").inner_text() == "404"
