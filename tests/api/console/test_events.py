"""The events: filters, pages, one event in full, and links that can be shared."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event
from tests.support.waiting import until

ROWS = "table.events tbody tr"


def test_filters_are_in_the_address_so_that_it_can_be_shared(page: Page, service: Service) -> None:
    service.publish(
        event(topic="shop.order.paid", event_id="a", source="till-1", timestamp="2025-03-01T10:00:00Z"),
        event(topic="shop.order.sent", event_id="b", source="till-1", timestamp="2025-03-02T10:00:00Z"),
        event(topic="shop.order.sent", event_id="c", source="till-2", timestamp="2025-03-03T10:00:00Z"),
    )
    page.goto("/#/events")
    page.get_by_label("Topic", exact=True).fill("shop.order.*")
    page.get_by_label("Source").fill("till-1")
    page.get_by_label("Since (UTC)").fill("2025-03-01 12:00")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("shop.order.sent")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(ROWS)).to_have_count(1)
    expect(other.get_by_label("Since (UTC)")).to_have_value("2025-03-01 12:00:00")
    page.go_back()
    expect(page.get_by_label("Source")).to_have_value("")


def test_pages_follow_one_another_without_a_gap_and_back_again(page: Page, service: Service) -> None:
    made = [
        event(topic="paged", event_id=f"{n:03}", timestamp=f"2025-04-01T10:{n // 60:02}:{n % 60:02}Z")
        for n in range(120)
    ]
    service.publish(*made)
    page.goto("/#/events?topic=paged&order=asc")
    ids = page.locator(f"{ROWS} td.id")
    seen: list[str] = []
    for size in (50, 50, 20):
        expect(ids).to_have_count(size)
        expect(ids.first).to_have_text(f"{len(seen):03}")
        seen += ids.all_inner_texts()
        if size == 50:
            page.get_by_role("button", name="Next").click()
    assert seen == [one["event_id"] for one in made]
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Previous").click()
    expect(ids.first).to_have_text("050")
    page.go_back()
    expect(ids.first).to_have_text("100")
    page.get_by_role("button", name="First page").click()
    expect(ids.first).to_have_text("000")


def test_an_event_shows_its_payload_and_what_a_conflict_changed(page: Page, service: Service) -> None:
    topic, event_id = "billing/invoice", "a b/c?d#e%"
    first = event(topic=topic, event_id=event_id)
    first["payload"] = {"total": 100, "lines": [{"sku": "x", "n": 1}], "note": None}
    again = {**first, "payload": {"total": 101, "lines": [{"sku": "x", "n": 1}, {"sku": "y", "n": 2}]}}
    service.publish(first)
    service.publish(first)
    service.publish(again)
    page.goto("/#/events?topic=billing/invoice")
    page.locator(ROWS).first.click()
    panel = page.get_by_role("article", name="Event")
    expect(panel.locator(".tree").first).to_contain_text('sku: "x"')
    outcomes = panel.locator(".deliveries .chip")
    expect(outcomes).to_have_text(["unique", "duplicate", "conflict"])
    differences = panel.locator("table.difference tbody tr")
    expect(differences).to_have_count(3)
    expect(differences.nth(0)).to_have_text(re.compile(r"payload\.total\s*100\s*101"))
    expect(differences.filter(has_text="payload.lines[1]")).to_contain_text("not there")
    panel.get_by_role("button", name="Compare").first.click()
    expect(panel.get_by_text("Byte for byte the same text.")).to_be_visible()
    panel.get_by_role("button", name="As received").click()
    expect(panel.locator("pre")).to_have_text(json.dumps(first, separators=(",", ":"), ensure_ascii=False))
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name=event_id)).to_be_visible()


def test_numbers_are_shown_as_they_were_written(page: Page, service: Service) -> None:
    text = (
        '[{"topic":"exact","event_id":"1","timestamp":"2025-10-21T10:00:00Z","source":"s","payload":'
        '{"big":12345678901234567890,"price":1.50,"tiny":1e-400}}]'
    )
    service.publish(*json.loads(text.replace("1e-400", "0")))
    page.goto("/#/events?show_topic=exact&show_id=1")
    # Written by Python: 1.5 is what was sent, and the large one is beyond a double.
    expect(page.locator(".tree")).to_contain_text("big: 12345678901234567890")


def test_copy_as_curl_is_a_command_that_works(page: Page, service: Service) -> None:
    service.publish(event(topic="it's", event_id="1"))
    page.goto("/#/events?show_topic=it's&show_id=1")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    command = f"curl '{service.url}/events/it'\\''s/1'"
    until(lambda: page.evaluate("navigator.clipboard.readText()") == command)


def test_what_is_not_there_is_told(page: Page) -> None:
    page.goto("/#/events?topic=nobody")
    expect(page.get_by_text("No event is like that")).to_be_visible()
    page.goto("/#/events?show_topic=nobody&show_id=1")
    expect(page.get_by_text("no such event was delivered")).to_be_visible()
    page.goto("/#/events?topic=*a*")
    expect(page.get_by_role("alert")).to_contain_text("invalid_parameter")
    page.goto("/#/nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()


@pytest.mark.parametrize("topic", [".", ".."])
def test_names_that_a_browser_takes_out_of_a_path_are_shown(page: Page, service: Service, topic: str) -> None:
    service.publish(*[event(topic=topic, event_id=id, payload={"of": id}) for id in (".", "..", "%2e%2e")])
    page.goto("/")
    page.get_by_label("Filter topics").fill(topic)
    page.get_by_role("link", name=topic, exact=True).click()
    ids = page.locator(f"{ROWS} td.id")
    expect(ids).to_have_count(3)
    for id in (".", "..", "%2e%2e"):
        ids.get_by_text(id, exact=True).click()
        shown = page.get_by_role("article", name="Event")
        expect(shown).to_contain_text(f'"{id}"')
        expect(shown.get_by_role("alert")).to_have_count(0)
        page.reload()
        expect(shown).to_contain_text(f'"{id}"')
        page.keyboard.press("Escape")
