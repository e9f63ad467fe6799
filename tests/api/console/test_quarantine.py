"""The quarantine: what could not be projected, and why."""

import psycopg
from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.support.events import event
from tests.support.waiting import until


def test_what_could_not_be_projected_is_shown_by_cause_with_its_text(page: Page, service: Service) -> None:
    page.goto("/#/quarantine?topic=poisoned")
    expect(page.get_by_text("Nothing of this topic is in quarantine")).to_be_visible()
    service.insert("poisoned", "1", '{"timestamp": "yesterday", "source": "x", "payload": {}}')
    until(lambda: service.read("/quarantine?topic=poisoned"), deadline_seconds=30)
    page.reload()
    cause = page.locator("section.cause").first
    expect(cause).to_be_visible()
    expect(cause).to_contain_text("1 delivery")
    cause.get_by_role("button", name="Look").click()
    expect(cause.locator("pre")).to_contain_text('"timestamp": "yesterday"')
    cause.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("still in quarantine").first).to_be_visible()
    page.goto("/#/health")
    expect(page.get_by_text("could not digest").first).to_be_visible()


def test_what_was_mended_is_tried_again_and_is_an_event_at_last(page: Page, service: Service) -> None:
    version = service.read("/projections/core")["version"]
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        table = f"core_{version}.events"
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT no_mended CHECK (topic <> 'mended')".encode())
        try:
            service.publish(event(topic="mended", event_id="1"))
            page.goto("/#/quarantine?topic=mended")
            cause = page.locator("section.cause", has_text="no_mended")
            expect(cause).to_contain_text("1 delivery")
            cause.get_by_role("button", name="Try again").click()
            expect(page.locator(".notice.bad")).to_contain_text("still in quarantine")
        finally:
            owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT no_mended".encode())
    before = service.read("/stats?topic=mended")
    cause.get_by_role("button", name="Try again").click()
    expect(page.locator(".notice.good")).to_contain_text("core: unique")
    expect(page.get_by_text("Nothing of this topic is in quarantine")).to_be_visible()
    after = service.read("/stats?topic=mended")
    assert (before["by_topic"][0]["quarantined"], after["by_topic"][0]["quarantined"]) == (1, 0)
    assert after["by_topic"][0]["unique_processed"] == 1
    page.goto("/#/events?topic=mended")
    expect(page.locator("table.events tbody tr")).to_have_count(1)
