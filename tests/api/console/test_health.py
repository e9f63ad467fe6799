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
    page.route("**/health/findings", lambda route: route.fulfill(json=[]))
    page.goto("/#/health")
    expect(page.get_by_text("The database cannot be used")).to_be_visible()
    expect(page.get_by_text("No worker is connected")).to_be_visible()
    expect(page.get_by_text("1 thing is wrong")).to_be_visible()


def test_it_names_settings_that_are_unusual_and_how_to_mend_them(page: Page) -> None:
    """The tests' own server waits for no disk, which no other should."""
    page.goto("/#/health")
    findings = page.locator(".findings li")
    fsync = findings.filter(has_text="fsync: off")
    expect(fsync).to_contain_text("wrong")
    expect(fsync).to_contain_text("To mend it: as a superuser: ALTER SYSTEM SET fsync = on")
    checks = page.get_by_role("region", name="The database")
    expect(checks).to_contain_text("append-only")
    expect(checks).to_contain_text("UPDATE, DELETE and TRUNCATE are refused")
