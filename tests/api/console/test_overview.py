"""The overview: the books, live, and the topics."""

import re

from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event
from tests.support.waiting import until


def figures(page: Page, *labels: str) -> int:
    """Return their sum."""
    shown = [page.locator(f"[data-figure={label}]").inner_text() for label in labels]
    return sum(int(text.replace(",", "")) for text in shown)


def test_the_figures_are_those_of_the_books_and_move_by_themselves(page: Page, service: Service) -> None:
    service.publish(event(topic="overview.moved", event_id="1"))
    page.goto("/")
    before = service.read("/stats?topics=0")["received"]
    expect(page.locator("[data-figure=received]")).to_have_text(f"{before:,}")
    service.publish(*[event(topic="overview.moved", event_id=f"moved-{n % 6}") for n in range(10)])
    expect(page.locator("[data-figure=received]")).to_have_text(f"{before + 10:,}")
    until(lambda: figures(page, "received") == figures(page, "unique", "duplicate", "quarantined", "pending"))
    expect(page.get_by_text("the books balance")).to_be_visible()


def test_the_charts_draw_what_moved(page: Page, service: Service) -> None:
    page.goto("/")
    service.publish(*[event(topic="overview.drawn", event_id=str(n)) for n in range(50)])
    chart = page.get_by_role("img", name=re.compile(r"^Throughput per second: received"))
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart).not_to_have_attribute("aria-label", re.compile("received –"))


def test_topics_are_filtered_and_sorted_and_lead_to_their_events(page: Page, service: Service) -> None:
    service.publish(*[event(topic="overview.many", event_id=str(n)) for n in range(3)])
    service.publish(event(topic="overview.few", event_id="1"))
    page.goto("/")
    page.get_by_label("Filter topics").fill("overview.")
    cells = page.locator("#topics >> xpath=../.. >> css=tbody td:first-child")
    expect(cells.filter(has_text="overview.few")).to_be_visible()
    page.get_by_role("button", name="Topic").click()
    expect(page.get_by_role("columnheader", name="Topic")).to_have_attribute("aria-sort", "ascending")
    until(lambda: (shown := cells.all_inner_texts()) and shown == sorted(shown))
    page.get_by_label("Filter topics").fill("overview.few")
    page.get_by_role("link", name="overview.few").click()
    expect(page).to_have_url(re.compile("topic=overview.few"))
    expect(page.locator("table.events tbody tr")).to_have_count(1)


def test_when_the_service_is_away_it_says_so_and_comes_back_by_itself(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("the books balance")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("The service cannot be reached.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The service cannot be reached.")).to_be_hidden()
