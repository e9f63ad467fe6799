"""Health: what is wrong, in words."""

import json

from playwright.sync_api import Page, Route, expect


def test_it_names_what_works_and_this_service(page: Page) -> None:
    page.goto("/#/health")
    expect(page.get_by_text("The database can be written and read")).to_be_visible()
    expect(page.get_by_text("2 workers at work")).to_be_visible()
    expect(page.get_by_text("The books balance")).to_be_visible()


def test_it_says_what_is_wrong(page: Page) -> None:
    def unwell(route: Route) -> None:
        body = {"status": "unavailable", "database": "not reachable", "queue": "ok", "workers": 0}
        route.fulfill(status=503, content_type="application/json", body=json.dumps(body))

    page.route("**/health", unwell)
    page.goto("/#/health")
    expect(page.get_by_text("The database cannot be used")).to_be_visible()
    expect(page.get_by_text("No worker is connected")).to_be_visible()
    expect(page.get_by_text("1 thing is wrong")).to_be_visible()
