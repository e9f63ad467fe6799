"""Projections: how far they are, and what can be done to them from the page."""

import re

from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event


def test_each_projection_tells_where_it_is(page: Page, service: Service) -> None:
    service.publish(event(topic="projected", event_id="1"))
    page.goto("/#/projections")
    card = page.get_by_role("region", name="core")
    expect(card.get_by_text("live", exact=True)).to_be_visible()
    known = service.read("/projections/core")
    rows = page.get_by_role("region", name="Partitions of core").locator("tbody tr")
    expect(rows).to_have_count(len(known["partitions"]))
    expect(page.get_by_role("region", name="timeline", exact=True)).to_be_visible()


def test_a_rebuild_is_asked_about_and_followed_to_its_end(page: Page, service: Service) -> None:
    service.publish(*[event(topic="rebuilt", event_id=str(n % 200)) for n in range(300)])
    before = service.read("/projections/core")["version"]
    page.goto("/#/projections")
    card = page.locator("section.projection", has=page.get_by_role("heading", name="core"))
    card.get_by_role("button", name="Rebuild …").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Rebuild core?")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    assert service.read("/projections/core")["version"] == before
    card.get_by_role("button", name="Rebuild …").click()
    question.get_by_role("button", name="Rebuild", exact=True).click()
    expect(page).to_have_url(re.compile("operation="))
    expect(card.locator("[data-state=done]")).to_be_visible(timeout=60_000)
    expect(card).to_contain_text(f"Version {before + 1} is live")
    assert service.read("/projections/core")["version"] == before + 1


def test_a_verification_says_that_it_equals_a_replay(page: Page, service: Service) -> None:
    page.goto("/#/projections")
    card = page.locator("section.projection", has=page.get_by_role("heading", name="timeline"))
    card.get_by_role("button", name="Verify …").click()
    page.get_by_role("dialog").get_by_role("button", name="Verify").click()
    expect(card.locator("[data-state=done]")).to_be_visible(timeout=60_000)
    expect(card).to_contain_text("It equals a replay of the log")


def test_an_operation_can_be_cancelled(page: Page, service: Service) -> None:
    service.publish(*[event(topic="slow", event_id=str(n)) for n in range(200)])
    page.goto("/#/projections")
    card = page.locator("section.projection", has=page.get_by_role("heading", name="timeline"))
    card.get_by_role("button", name="Rebuild …").click()
    question = page.get_by_role("dialog")
    question.get_by_label("At most, deliveries a second").fill("1")
    question.get_by_role("button", name="Rebuild", exact=True).click()
    card.get_by_role("button", name="Cancel …").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(card.locator("[data-state=cancelled]")).to_be_visible(timeout=60_000)


def test_what_was_received_over_time_is_drawn(page: Page, service: Service) -> None:
    service.publish(*[event(topic="timed", event_id=str(n)) for n in range(7)])
    page.goto("/#/projections?topic=timed&bucket=day")
    expect(page.get_by_role("img", name="Chart: received 7")).to_be_visible()
