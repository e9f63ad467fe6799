"""Following the log live."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event

ROWS = "table.events tbody tr"


def test_events_appear_as_they_are_published_and_a_pause_loses_none(page: Page, service: Service) -> None:
    page.goto("/#/events?topic=live.*&follow=1")
    tail = page.get_by_role("region", name="Live events")
    expect(tail.get_by_role("status")).to_contain_text("live")
    service.publish(event(topic="live.a", event_id="1"), event(topic="elsewhere", event_id="1"))
    expect(page.locator(ROWS)).to_have_count(1)
    page.keyboard.press("p")
    expect(tail.get_by_role("status")).to_contain_text("paused")
    service.publish(event(topic="live.b", event_id="2"))
    service.publish(event(topic="live.a", event_id="3"))
    tail.get_by_role("button", name="Go on").click()
    expect(page.locator(f"{ROWS} td.id")).to_have_count(3)
    assert sorted(page.locator(f"{ROWS} td.id").all_inner_texts()) == ["1", "2", "3"]
    page.locator(ROWS).first.click()
    expect(page.get_by_role("article", name="Event")).to_be_visible()


def test_a_flood_leaves_a_bounded_list(page: Page, service: Service) -> None:
    page.goto("/#/events?topic=flood&follow=1")
    tail = page.get_by_role("region", name="Live events")
    expect(tail.get_by_role("status")).to_contain_text("live")
    service.publish(*[event(topic="flood", event_id=str(n)) for n in range(1000)])
    expect(tail).to_contain_text("1,000 seen")
    expect(page.locator(ROWS)).to_have_count(300)


def test_eight_tabs_follow_at_once(page: Page, service: Service) -> None:
    tabs = [page, *(page.context.new_page() for _ in range(7))]
    for number, tab in enumerate(tabs):
        tab.goto(f"/#/events?topic=tabs.{number % 4}*&follow=1")
    for tab in tabs:
        expect(tab.get_by_role("region", name="Live events").get_by_role("status")).to_contain_text("live")
    service.publish(*[event(topic=f"tabs.{n}", event_id="1") for n in range(4)])
    for tab in tabs:
        expect(tab.locator(ROWS)).to_have_count(1)


@pytest.mark.parametrize("status", [502, 503, 504, 500])
def test_it_goes_on_by_itself_after_what_a_proxy_says_meanwhile(
    page: Page, service: Service, status: int
) -> None:
    topic = f"proxied.{status}"
    page.goto(f"/#/events?topic={topic}&follow=1")
    tail = page.get_by_role("region", name="Live events")
    expect(tail.get_by_role("status")).to_contain_text("live")
    page.route("**/events?*", lambda route: route.fulfill(status=status, body="<h1>Bad Gateway</h1>"))
    expect(tail.get_by_role("status")).to_contain_text("connecting")
    service.publish(event(topic=topic, event_id="meanwhile"))
    page.unroute_all()
    expect(page.locator(f"{ROWS} td.id")).to_have_text("meanwhile")
    expect(tail.get_by_role("status")).to_contain_text("live")


def test_a_topic_that_cannot_be_is_refused_in_words(page: Page) -> None:
    page.goto("/#/events?topic=a*b&follow=1")
    expect(page.get_by_role("region", name="Live events").get_by_role("status")).to_contain_text(
        "refused: topic"
    )
