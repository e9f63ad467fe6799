"""Nothing that a publisher sends is ever run, or can break or bend a page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.console.running import Service
from tests.api.console.watching import Watched
from tests.support.events import event
from tests.support.waiting import until

MARKUP = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
HOSTILE = {
    "markup": f"{MARKUP}</td></table>",
    "a quote": "\"'><svg onload=window.harmed=1>",
    "a script address": "javascript:window.harmed=1",
    "template marks": "${window.harmed=1}{{window.harmed=1}}",
    "right to left": "\u202e\u2066gpj.exe\u2069 \u05d0\u05d1",
    "no width": "a\u200b\u200d\ufeffb",
    "long": "x" * 247,
    "a path": "../../%2e%2e/stats?x=1#y",
    "its own pages": "#/health",
    "a prototype": "__proto__",
}


def hostile(text: str) -> list[dict[str, Any]]:
    """Return an event that is nothing but that text, and a conflict with it."""
    payload: dict[str, Any] = {text: text, "__proto__": {"harmed": 1}, "constructor": text, "__html": MARKUP}
    payload["dangerouslySetInnerHTML"] = {"__html": MARKUP}
    made = event(topic=f"hostile {text}", event_id=text, source=text, payload=payload)
    return [made, {**made, "payload": {**payload, "more": [text]}}]


def assert_unharmed(page: Page) -> None:
    assert page.locator("main img, main script, main svg, main iframe").count() == 0
    assert page.evaluate("[window.harmed, ({}).harmed]") == [None, None]
    narrow = "document.documentElement.scrollWidth <= innerWidth"
    until(lambda: page.evaluate(narrow), message="it is wider than the window")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_event_is_text(page: Page, service: Service, text: str) -> None:
    service.publish(*hostile(text))
    page.goto("/#/events")
    page.get_by_label("Topic", exact=True).fill(f"hostile {text}")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("table.events tbody tr")).to_have_count(1)
    page.locator("table.events tbody tr").click()
    panel = page.get_by_role("article", name="Event")
    expect(panel.locator(".difference tbody tr")).to_have_count(1)
    panel.get_by_role("button", name="As received").click()
    expect(panel.locator("pre")).to_be_visible()
    assert_unharmed(page)


def test_hostile_topics_are_text_and_lead_to_their_events(page: Page, service: Service) -> None:
    for text in HOSTILE.values():
        service.publish(*hostile(text))
    page.goto("/")
    page.get_by_label("Filter topics").fill("hostile")
    links = page.locator("tbody").get_by_role("link", name="hostile")
    expect(links).to_have_count(len(HOSTILE))
    assert_unharmed(page)
    page.get_by_label("Filter topics").fill("hostile <img")
    links.first.click()
    expect(page.locator("table.events tbody tr")).to_have_count(1)


def test_a_result_of_sql_is_text(page: Page) -> None:
    page.goto("/#/sql")
    page.get_by_label("SQL statement").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"SELECT '{MARKUP}' AS \"{MARKUP.replace(chr(34), chr(39))}\"")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Result").locator("tbody td")).to_have_text(MARKUP)
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("window.harmed") is None


def test_the_browser_itself_refuses_to_make_markup_of_text(page: Page, watched: Watched) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<b>x</b>'")
    with pytest.raises(Exception, match="TrustedScript"):
        page.evaluate("document.body.setAttribute('onclick', 'window.harmed = 1')")
    assert watched.errors.pop().startswith("This document requires 'TrustedScript'")
    assert watched.errors.pop().startswith("This document requires 'TrustedHTML'")
