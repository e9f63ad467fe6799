"""The page /docs: it works without the internet, under its policy, and cannot be framed."""

import re

from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event


def test_a_route_is_read_and_tried_out(page: Page) -> None:
    page.goto("/docs")
    page.locator(".opblock", has_text="The books").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    answered = page.locator(".live-responses-table")
    expect(answered).to_contain_text("unique_processed")
    expect(page.locator(".request-url")).to_contain_text(re.compile(r"/stats\?"))


def test_an_event_is_published_from_it(page: Page) -> None:
    """With the browser's own Origin and Sec-Fetch-Site."""
    page.goto("/docs#/publishing/publish")
    answer = page.evaluate(
        "event => fetch('publish', {method: 'POST', body: JSON.stringify(event),"
        " headers: {'Content-Type': 'application/json'}}).then(answer => answer.status)",
        event(topic="docs.page"),
    )
    assert answer == 202


def test_no_page_can_frame_what_we_answer(page: Page, service: Service) -> None:
    framing = page.context.new_page()
    for path in ("/", "/docs", "/stats", "/nothing"):
        framing.set_content(f'<iframe src="{service.url}{path}"></iframe>')
        framed = framing.frames[1]
        framed.wait_for_load_state()
        assert framed.url.startswith("chrome-error:")
