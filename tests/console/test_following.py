"""Following the log live."""

from playwright.sync_api import Page, expect

from tests.console.running import Service
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
