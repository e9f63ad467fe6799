"""By keyboard alone, on a small screen, in the dark."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event
from tests.support.waiting import until

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
PAGES = ["overview", "events", "projections", "quarantine", "sql", "health"]


def test_the_keyboard_goes_everywhere(page: Page, service: Service) -> None:
    service.publish(*[event(topic="keys", event_id=str(n)) for n in range(3)])
    page.goto("/")
    expect(page.get_by_role("heading", name="Topics")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Events", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("keys")
    page.keyboard.press("Enter")
    expect(page.locator("table.events tbody tr")).to_have_count(3)
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("table.events tr.chosen")).to_have_count(1)
    expect(page.get_by_role("article", name="Event")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("article", name="Event")).to_be_hidden()


def test_the_focus_is_seen_and_begins_with_a_way_past_the_navigation(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Topics")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_css("outline-style", "solid")


def opened(page: Page, name: str) -> None:
    """Go to a page and wait until nothing of it loads."""
    page.goto(f"/#/{name}")
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator("main .loading")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_on_a_narrow_screen_nothing_is_cut_off(page: Page, service: Service, name: str) -> None:
    service.publish(event(topic="narrow." + "long" * 40, event_id="y" * 200))
    page.set_viewport_size({"width": 360, "height": 740})
    opened(page, name)
    until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 360, message="it is too wide")


@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_from_what_is_behind_it(page: Page, service: Service, name: str) -> None:
    service.publish(event(topic="contrast", event_id="1"))
    page.emulate_media(reduced_motion="reduce")
    opened(page, name)
    nothing_is_faint(page)
    page.emulate_media(color_scheme="dark")
    nothing_is_faint(page)


def nothing_is_faint(page: Page) -> None:
    """Fail if some text stays too faint; an element made while the scheme changes may be for a moment."""
    until(
        lambda: page.evaluate(CONTRAST) == [],
        message=lambda: f"too faint: {page.evaluate(CONTRAST)}",
        deadline_seconds=5,
    )


def test_the_theme_can_be_chosen_and_is_kept(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("name", PAGES)
def test_everything_that_can_be_used_has_a_name(page: Page, name: str) -> None:
    opened(page, name)
    for line in page.locator("body").aria_snapshot().splitlines():
        assert not re.match(r"\s*- (button|link|textbox|combobox|searchbox|checkbox)\s*(\[.*)?:?$", line), (
            line
        )
