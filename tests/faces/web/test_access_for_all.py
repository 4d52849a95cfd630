"""Keyboard, screen readers, narrow screens, both languages, both colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_diagnosis_pages import NUMPY, diagnosed

from mcp_rag.faces.web.language import LANGUAGES, words_of

PAGES = (
    "/",
    "/incidents",
    "/incidents/groups",
    "/issues",
    "/issues/new",
    "/issues/numpy-alias-removed",
    "/diagnoses/none",
)


def found_by_axe(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    options = {"resultTypes": ["violations"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


def test_only_the_keyboard(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.insert_text(NUMPY)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/diagnoses/*")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.cite')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**#L7")
    page.wait_for_function("document.activeElement.id === 'lines'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "back"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'cause'")
    page.keyboard.press("n")
    page.wait_for_selector("#announcer:has-text('Failing place 1 of 1')", state="attached")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value === 'confirmed'"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]:has-text('Noted')")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("code", list(LANGUAGES))
def test_axe_finds_nothing_and_nothing_sticks_out(
    open_page: Callable[..., Any], shot: Callable[..., None], colours: str, code: str
) -> None:
    wide = code == "en"
    size = {"width": 1440, "height": 900} if wide else {"width": 390, "height": 844}
    page = open_page(
        viewport=size, color_scheme=colours, locale="en-US" if code == "en" else "zh-CN", quiet=True, is_mobile=not wide
    )
    diagnosed(page, NUMPY)
    faults = [f"diagnosis: {fault}" for fault in found_by_axe(page)]
    name = f"{'wide' if wide else 'phone'}-{colours}-{code}"
    shot(page, f"diagnosis-{name}")
    for path in PAGES:
        page.goto(path)
        faults += [f"{path}: {fault}" for fault in found_by_axe(page)]
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            faults.append(f"{path}: sticks out by {overflow} pixels")
        shot(page, f"{path.strip('/').replace('/', '-') or 'home'}-{name}")
    assert faults == []


def test_both_languages_say_everything() -> None:
    texts = {code: words_of(code)._texts for code in LANGUAGES}
    assert texts["en"].keys() == texts["zh"].keys()
    for key, text in texts["en"].items():
        names = {part.partition("}")[0] for part in text.split("{")[1:]}
        theirs = {part.partition("}")[0] for part in texts["zh"][key].split("{")[1:]}
        assert names == theirs, key
        assert text != texts["zh"][key] or key in ("site.name", "number.plain"), key
