"""The overview: the books, live, and the topics."""

import re

from playwright.sync_api import Page, expect

from tests.console.running import Service
from tests.support.events import event


def figure(page: Page, label: str) -> int:
    return int(page.locator(f"[data-figure={label}]").inner_text().replace(",", ""))


def test_the_figures_are_those_of_the_books_and_move_by_themselves(page: Page, service: Service) -> None:
    service.publish(event(topic="overview.moved", event_id="1"))
    page.goto("/")
    expect(page.locator("[data-figure=received]")).to_be_visible()
    before = figure(page, "received")
    assert before == service.read("/stats?topics=0")["received"]
    service.publish(*[event(topic="overview.moved", event_id=f"moved-{n % 6}") for n in range(10)])
    expect(page.locator("[data-figure=received]")).to_have_text(f"{before + 10:,}")
    assert figure(page, "received") == sum(
        figure(page, name) for name in ("unique", "duplicate", "quarantined", "pending")
    )
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
    shown = cells.all_inner_texts()
    assert shown == sorted(shown)
    expect(page.get_by_role("columnheader", name="Topic")).to_have_attribute("aria-sort", "ascending")
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
