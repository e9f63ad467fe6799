"""The quarantine: what could not be projected, and why."""

from playwright.sync_api import Page, expect

from tests.console.running import Service
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
