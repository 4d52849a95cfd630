"""Reading and the main forms, with JavaScript switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from test_diagnosis_pages import NUMPY, diagnosed


def test_diagnose_page_through_the_log_and_confirm(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    steps = "".join(f"12:00:{n % 60:02} INFO step {n} went well\n" for n in range(900))
    diagnosed(page, steps + NUMPY)
    assert page.locator("#L907").inner_text().endswith("attribute 'float'")
    assert page.locator(".row").count() == 200
    assert page.locator("button.copy").first.is_hidden()
    page.click("text=Earlier lines")
    page.wait_for_selector("#L700")
    page.click(".pager >> text=Failing place 1")
    page.wait_for_url("**L907")
    shot(page, "no-scripts-phone-light-en")
    page.click("button:has-text('It helped')")
    page.wait_for_selector("#outcome:has-text('Noted: it helped')")
    assert page.evaluate is not None


def test_search_and_filters_are_plain_addresses(open_page: Callable[..., Any]) -> None:
    page = open_page("/issues", java_script_enabled=False)
    page.fill("#q", "module 'numpy' has no attribute 'float'")
    page.press("#q", "Enter")
    assert "numpy" in page.locator(".issue-row a").first.get_attribute("href")
    page.click(".issue-row a")
    page.wait_for_selector(".acts:has-text('read-only')")
    page.goto("/incidents?verdict=known&q=attribute")
    assert page.locator("#verdict").input_value() == "known"


def test_language_and_colours_stay_chosen(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    page = open_page(java_script_enabled=False, locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("h1").inner_text() == "哪里出错了？"
    page.click("button[value='en']")
    page.wait_for_selector("h1:text-is('What failed?')")
    page.click("button[value='dark']")
    page.wait_for_selector("html[data-theme=dark]")
    page.click("button[value='zh']")
    page.wait_for_selector("html[lang=zh-Hans]")
    page.goto("/incidents/groups")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("h1").inner_text() == "分组"
    shot(page, "groups-wide-dark-zh")
